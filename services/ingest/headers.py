"""What the gateway says with each request, and how much a page may hold."""

from typing import Annotated

from fastapi import Header, Query

Practice = Annotated[str, Header(alias="X-Practice-Id")]
Languages = Annotated[str, Header(alias="Accept-Language")]
Limit = Annotated[int, Query(ge=1, le=200)]
