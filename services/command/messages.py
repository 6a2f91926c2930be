"""`quittance inspect` and `quittance upload`: messages judged without and with handing them in."""

import asyncio
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from libs.events.handed import Finding
from libs.events.values import Language
from libs.runtime.clock import Clock
from libs.runtime.engines import UnsafeSetUp
from services.ingest import findings
from services.ingest.message import xml_invoice

TOGETHER = 8
USABLE, REFUSED, UNREADABLE = 0, 1, 2
UNPROCESSABLE = 422
TAKEN = {200, 202}
console = Console()


def inspect_file(path: Path) -> tuple[int, dict[str, Any]]:
    """Return what would be said of a message (0 usable, 1 refused, 2 unreadable) as a document."""
    document: dict[str, Any] = {"file": str(path)}
    try:
        data = path.read_bytes()
    except OSError as error:
        return UNREADABLE, document | {"verdict": "unreadable", "error": error.strerror}
    judged = xml_invoice.parse(data, Clock().today())
    if isinstance(judged, xml_invoice.Invoice):
        document |= {"verdict": "usable", "findings": [_told(f) for f in judged.warnings]}
        return USABLE, document | {
            "submission_id": judged.submission_id,
            "invoice_id": judged.invoice_id,
            "invoice": msgspec.to_builtins(
                {
                    "facts": judged.facts,
                    "debtor": judged.debtor,
                    "patient": judged.patient,
                    "medical": judged.medical,
                }
            ),
        }
    told = [_told(finding) for finding in judged.findings]
    refused = judged.status == UNPROCESSABLE
    verdict = "refused" if refused else "unreadable"
    return REFUSED if refused else UNREADABLE, document | {"verdict": verdict, "findings": told}


def _told(finding: Finding) -> dict[str, Any]:
    """Return a finding with its sentence and remedy in all languages."""
    told: dict[str, Any] = msgspec.to_builtins(finding)
    languages: tuple[Language, ...] = get_args(Language)
    return told | {
        "message": {one: findings.message(finding, one) for one in languages},
        "remedy": {one: findings.remedy(finding, one) for one in languages},
    }


async def upload_files(
    files: list[Path], *, url: str, client_id: str, secret_file: Path, language: str
) -> bool:
    """Hand files in and print a verdict for each; return whether all were taken."""
    verdicts: dict[Path, tuple[str, str]] = {}
    async with httpx.AsyncClient(base_url=url, timeout=60) as door:
        token = await _token(door, client_id, secret_file.read_text().strip())
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        room = asyncio.Semaphore(TOGETHER)
        with Progress(console=console) as bar:
            task = bar.add_task("Handing in", total=len(files))

            async def one(path: Path) -> None:
                async with room:
                    verdicts[path] = await _upload(door, path, headers)
                    bar.advance(task)

            await asyncio.gather(*(one(path) for path in files))
    table = Table("file", "verdict", "what to do")
    for path in files:
        table.add_row(path.name, *verdicts[path])
    console.print(table)
    return all(verdict == "accepted" for verdict, _ in verdicts.values())


async def _token(door: httpx.AsyncClient, client_id: str, secret: str) -> str:
    given = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    try:
        answer = await door.post("/oauth/token", data=given)
    except httpx.TransportError as error:
        raise UnsafeSetUp(f"{door.base_url} does not answer ({type(error).__name__}).") from None
    if answer.is_error:
        raise UnsafeSetUp("The client id or the secret is not right; no token was given.")
    token: str = answer.json()["access_token"]
    return token


async def _upload(door: httpx.AsyncClient, path: Path, headers: dict[str, str]) -> tuple[str, str]:
    try:
        answer = await door.post(
            "/v1/submissions",
            content=path.read_bytes(),
            headers=headers | {"Content-Type": "application/xml"},
        )
    except httpx.TransportError as error:
        return "not sent", f"Try again: {type(error).__name__}. A repeat is harmless."
    body = answer.json()
    told = [f"{f['message']} {f['remedy']}" for f in body.get("findings", [])]
    verdict = "accepted" if answer.status_code in TAKEN else f"refused ({body.get('code')})"
    return verdict, "\n".join(told) or body.get("detail", "")
