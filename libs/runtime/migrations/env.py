"""The one Alembic environment of all services."""

from alembic import context
from sqlalchemy import Connection, Engine

from libs.runtime import crash

engine: Engine = context.config.attributes["engine"]


def run(connection: Connection) -> None:
    """Run the revisions that are missing, all or none."""
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata"),
        render_as_batch=True,
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    crash.point("migrate.before_commit")


with engine.begin() as connection:
    run(connection)
