"""Reading what a request carries: after its caller was admitted, up to a limit, strictly."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

from libs.runtime.problems import strict_json
from libs.runtime.web import Problem

M = TypeVar("M", bound=BaseModel)

JSON_BYTES_MAX = 100_000
XML_BYTES_MAX = 20_000_000


class Strict(BaseModel):
    """A JSON body of ours: unknown fields are refused, numbers are not made of texts (B37, B39)."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=2_000)


async def read(request: Request, limit: int) -> bytes:
    """Return a request's body; 413 as soon as it is longer than allowed (B12)."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > limit:
            raise Problem(413, "too_large", f"The body may hold {limit} bytes.", bytes_max=limit)
    return bytes(found)


def json_body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """Return the dependency that reads a JSON body into a model.

    A declared body would be read by FastAPI before the caller is admitted (B1).
    """

    async def body(request: Request) -> M:
        kind, _, more = request.headers.get("content-type", "").lower().partition(";")
        if kind.strip() != "application/json" or ("charset" in more and "utf-8" not in more):
            raise Problem(415, "unsupported_media_type", "Send JSON in UTF-8 as application/json.")
        data = await read(request, JSON_BYTES_MAX)
        strict_json(data)
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
            raise RequestValidationError(found) from None

    return body


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema in one piece: references into it would lead nowhere."""
    whole = model.model_json_schema()
    parts: dict[str, Any] = whole.pop("$defs", {})

    def inside(value: Any) -> Any:
        if isinstance(value, dict):
            named = value.get("$ref", "").rpartition("/")[2]
            rest = {key: inside(one) for key, one in value.items() if key != "$ref"}
            return inside(parts[named]) | rest if named else rest
        return [inside(one) for one in value] if isinstance(value, list) else value

    found: dict[str, Any] = inside(whole)
    return found


def described(model: type[BaseModel], example: Any) -> dict[str, Any]:
    """Return what the OpenAPI document says of such a body."""
    content = {"application/json": {"schema": schema_of(model), "example": example}}
    return {"requestBody": {"required": True, "content": content}}
