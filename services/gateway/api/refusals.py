"""How the OpenAPI document shows refusals that have members of their own."""

from typing import Any

from services.gateway.api.models import ProblemDocument


def refusal(model: type[ProblemDocument], text: str) -> dict[str, Any]:
    """Return one as it is answered: a problem document."""
    return {"model": model, "description": text, "content": {"application/problem+json": {}}}
