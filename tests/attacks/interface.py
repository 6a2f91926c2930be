"""All operations of the interface, from what it says of itself: a new route is attacked by itself.

Each is filled with ids of a practice by the names in its path; a name that nobody knows how to fill
fails the test, so that whoever adds a route says here whose ids it takes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from typing_extensions import override

from libs.runtime.ids import new_id
from services.gateway.scopes import SCOPES
from tests.attacks.target import Target

OPEN_TO_ALL = frozenset({"/v1/oauth/token"})
FIXED = {"section": ("terms",), "number": ("1",), "day": ("2026-01-05",), "tariff": ("007",)}
"""What stands in paths and belongs to nobody."""


@dataclass(frozen=True)
class Operation:
    """One operation as the OpenAPI document describes it."""

    method: str
    path: str
    scope: str
    body: bytes
    kind: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters in its path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def ids(self) -> tuple[str, ...]:
        """Those of them that belong to a practice."""
        return tuple(name for name in self.names if name not in FIXED)

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def ask(self, client: httpx.Client, **ids: str) -> httpx.Response:
        """Send it with these ids, and a body of the right kind."""
        return self.send(client, self.body, **ids)

    def send(self, client: httpx.Client, body: bytes, **ids: str) -> httpx.Response:
        """Send it with these ids and this body."""
        path = self.path
        for name in self.names:
            path = path.replace(f"{{{name}}}", ids.get(name) or FIXED[name][0])
        headers = {"If-Match": "*", "Idempotency-Key": new_id()}
        if self.kind:
            headers["Content-Type"] = self.kind
        return client.request(self.method, path, content=body, headers=headers)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation of a document; each states exactly one scope, or is named as open."""
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            kind, body = _body(described.get("requestBody"))
            needed = [scope for one in described.get("security", ()) for scope in one["oauth2"]]
            assert len(needed) == 1 or (not needed and path in OPEN_TO_ALL), path
            scope = needed[0] if needed else ""
            assert not scope or scope in SCOPES
            yield Operation(method.upper(), path, scope, body, kind)


def _body(described: Mapping[str, Any] | None) -> tuple[str, bytes]:
    if described is None:
        return "", b""
    kind, content = next(iter(described["content"].items()))
    if kind == "application/json":
        return kind, json.dumps(content["example"]).encode()
    if kind == "multipart/form-data":
        part = b'Content-Disposition: form-data; name="File"; filename="a.xml"\r\n\r\n<a/>'
        return f"{kind}; boundary=b", b"--b\r\n" + part + b"\r\n--b--\r\n"
    return kind, b"grant_type=x" if "form" in kind else b"<a/>"


def document_of(target: Target) -> dict[str, Any]:
    """Return what the running system says of itself."""
    found: dict[str, Any] = httpx.get(f"{target.url}/v1/openapi.json", timeout=60).json()
    return found


def ids_of(client: httpx.Client) -> dict[str, list[str]]:
    """Return every id that a practice's program gets to see, by the name it has in paths."""
    invoices = [one["invoice_id"] for one in client.get("/v1/invoices").json()["items"]]
    submissions = client.get("/v1/submissions").json()["items"]
    jobs = client.get("/v1/submission-jobs").json()["items"]
    documents = [
        one["document_id"]
        for invoice in invoices
        for one in client.get(f"/v1/invoices/{invoice}/documents").json()["items"]
    ]
    events = client.get("/v1/events").json()["items"]
    return {
        "webhook_id": [one["webhook_id"] for one in client.get("/v1/webhooks").json()["items"]],
        "event_id": [one["id"] for one in events[:2]],
        "invoice_id": invoices,
        "submission_id": [one["submission_id"] for one in submissions],
        "job_id": [one["job_id"] for one in jobs],
        "document_id": documents,
        "sheet_id": [one["sheet_id"] for one in client.get("/v1/sheets").json()["items"]],
    }
