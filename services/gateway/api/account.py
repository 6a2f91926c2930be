"""The member's account, as factoring keeps it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from libs.records.handed import Day
from services.gateway.api.models import PROBLEMS
from services.gateway.auth import Practice, needs
from services.gateway.door import InDoor, Spoken, passed_on

router = APIRouter(
    prefix="/v1/account",
    tags=["account"],
    responses=PROBLEMS,
    dependencies=[needs("account:read")],
)


@router.get("")
async def account(door: InDoor, practice: Practice, language: Spoken) -> Response:
    """Return the balance and what can be drawn."""
    return passed_on(
        await door.ask("factoring", "GET", "/account", practice=practice, language=language)
    )


@router.get("/statement")
async def statement(
    door: InDoor,
    practice: Practice,
    language: Spoken,
    since: Annotated[Day | None, Query(alias="from")] = None,
    until: Annotated[Day | None, Query(alias="to")] = None,
    after: Annotated[str | None, Query(alias="cursor", max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """Return the account's movements with opening and closing balance."""
    given = {"from": since, "to": until, "cursor": after, "limit": limit}
    params = {name: str(value) for name, value in given.items() if value is not None}
    path = "/account/statement"
    return passed_on(
        await door.ask(
            "factoring", "GET", path, practice=practice, language=language, params=params
        )
    )
