"""What REST answers about archives of many messages."""

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.api.models import Answer, FindingItem, Instant, ProblemDocument


class Job(Answer):
    """An archive and how far it is: accepted, repeated and rejected make up what is done."""

    job_id: Annotated[str, Field(examples=["7d0b6f0a-58ba-5a52-8c06-0e5a2b0d8a51"])]
    state: Literal["running", "finished", "refused"]
    kind: Annotated[str, Field(description="zip or gzip; empty for what was refused.")]
    archive: Annotated[str, Field(description="sha256 of the archive as received.")]
    size_bytes: int
    received_at: Instant
    count: Annotated[int, Field(description="Messages in the archive.", examples=[240])]
    done: Annotated[int, Field(description="Messages that have their receipt.", examples=[150])]
    accepted: int
    rejected: int
    repeated: Annotated[int, Field(description="Usable, and handed in before.")]
    findings: Annotated[
        list[FindingItem], Field(description="Why nothing was taken of what was refused.")
    ]


class JobPage(Answer):
    """Jobs, newest first."""

    items: list[Job]
    next_cursor: str | None


class JobItem(Answer):
    """The receipt of one message of an archive."""

    number: Annotated[int, Field(description="Its place among the files of the archive, from 1.")]
    state: Literal["accepted", "rejected"]
    repeated: bool
    submission_id: Annotated[
        str | None, Field(description="null where the archive gave no message at this place.")
    ]
    request_id: Annotated[str, Field(examples=["R-2026-000431"])]
    invoice_id: str | None
    status: int
    problem: str
    findings: list[FindingItem]


class JobItemPage(Answer):
    """Receipts by their place in the archive."""

    items: list[JobItem]
    next_cursor: str | None


class JobRefusal(ProblemDocument):
    """Why nothing of an archive is taken."""

    job_id: str = ""
    repeated: bool = False
    findings: Annotated[list[FindingItem], Field(default_factory=list)]
