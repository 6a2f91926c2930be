"""Find what was recorded of a practice on a day without reading its whole timeline."""

from alembic import op

revision = "gateway_0006"
down_revision = "gateway_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("timeline_by_time", "timeline", ["practice_id", "recorded_at"], unique=False)
