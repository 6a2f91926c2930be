"""What a sender is told: receipts and refusals as JSON, findings in the language asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy import RowMapping

from libs.events.handed import Finding
from libs.events.values import LANGUAGES, Language
from libs.runtime.web import Problem
from services.ingest import findings
from services.ingest.decider.bank import BankFileImported
from services.ingest.decider.submission import Accepted, Rejected
from services.ingest.findings import CATALOGUE, STOPS, Unreadable
from services.ingest.projections import ACCEPTED, REJECTED, aware, findings_of

TAKEN, TAKEN_BEFORE = 202, 200


def language_of(header: str) -> Language:
    """Return the first language of an Accept-Language header that we speak, else German."""
    for part in header[:200].split(","):
        tag = part.partition(";")[0].strip().lower()[:2]
        for language in LANGUAGES:
            if tag == language:
                return language
    return "de"


def said(found: Iterable[Finding], language: Language) -> list[dict[str, Any]]:
    """Return findings with their sentences."""
    return [
        {
            "code": finding.code,
            "severity": finding.severity,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "record_id": finding.record_id,
            "rule": finding.rule,
            "params": dict(finding.params),
            "message": findings.message(finding, language),
            "remedy": findings.remedy(finding, language),
        }
        for finding in found
    ]


def receipt(state: Accepted | Rejected, language: Language, *, repeated: bool) -> dict[str, Any]:
    """Return the receipt of a message; the same for every repeat, but for `repeated`."""
    accepted = isinstance(state, Accepted)
    return {
        "submission_id": state.submission_id,
        "invoice_id": state.invoice_id if isinstance(state, Accepted) else None,
        "state": ACCEPTED if accepted else REJECTED,
        "request_id": state.request_id,
        "content": state.content,
        "received_at": state.received_at.isoformat() if state.received_at else None,
        "repeated": repeated,
        "findings": said(state.findings, language),
    }


def refusal(state: Rejected, language: Language, *, repeated: bool) -> Problem:
    """Return the problem of a refused message, its receipt inside.

    `request_id` of a problem is that of the HTTP request; the message's own is `message_id` here.
    """
    members = receipt(state, language, repeated=repeated)
    members["message_id"] = members.pop("request_id")
    return Problem(state.status, state.problem, _leading(state.findings, language), **members)


def refusal_of(why: Unreadable, language: Language) -> Problem:
    """Return the problem of what is not recorded: whoever keys it, or scans it anew, is here."""
    return Problem(
        why.status,
        why.problem,
        _leading(why.findings, language),
        findings=said(why.findings, language),
    )


def answer(
    state: Accepted | Rejected,
    language: Language,
    *,
    repeated: bool,
    further: Sequence[Accepted | Rejected] = (),
) -> Response:
    """Return the HTTP answer of a verdict: the receipt, 200 for a repeat; raises a refusal.

    `further` are the receipts of a body that became more than one invoice (BR-31).
    """
    if isinstance(state, Rejected):
        raise refusal(state, language, repeated=repeated)
    body = receipt(state, language, repeated=repeated)
    if further:
        body["further_submission_ids"] = [one.submission_id for one in further]
    status = TAKEN_BEFORE if repeated else TAKEN
    return JSONResponse(body, status, headers={"Content-Language": language})


def row_receipt(row: RowMapping, language: Language, *, repeated: bool = False) -> dict[str, Any]:
    """Return the receipt that stands in a row."""
    return {
        "submission_id": row["submission_id"],
        "invoice_id": row["invoice_id"],
        "state": row["state"],
        "request_id": row["request_id"],
        "content": row["content"],
        "received_at": aware(row["received_at"]).isoformat(),
        "repeated": repeated,
        "findings": said(findings_of(row), language),
    }


def file_receipt(
    imported: BankFileImported, language: Language, *, repeated: bool
) -> dict[str, Any]:
    """Return what a file was: each entry in one place, sums in rappen."""
    sums = ("credits", "reversals", "known", "pending", "other")
    warnings = [
        Finding(
            code="bank_reference_missing",
            severity="warning",
            line=one.line,
            rule=CATALOGUE["bank_reference_missing"].rule,
            params={"stated": f"{one.amount_rappen // 100}.{one.amount_rappen % 100:02d}"},
        )
        for one in imported.unidentified
    ]
    return {
        "file": imported.file,
        "state": "imported",
        "message_id": imported.message_id,
        "version": imported.version,
        "accounts": list(imported.accounts),
        "received_at": imported.received_at.isoformat() if imported.received_at else None,
        "repeated": repeated,
        "findings": said(warnings, language),
    } | {
        name: {"count": part.count, "amount_rappen": part.amount_rappen}
        for name in sums
        for part in (getattr(imported, name),)
    }


def file_item(row: RowMapping) -> dict[str, Any]:
    """Return a bank file as the list shows it."""
    hidden = {"findings", "unidentified", "received_at"}
    item = {name: value for name, value in row.items() if name not in hidden}
    return item | {"received_at": aware(row["received_at"]).isoformat()}


def file_refusal(
    status: int, problem: str, found: tuple[Finding, ...], language: Language
) -> Problem:
    """Return the problem of a refused bank file."""
    return Problem(status, problem, _leading(found, language), findings=said(found, language))


def catalogue() -> Mapping[str, Any]:
    """Return every finding there is, in all languages."""
    return {
        code: {
            "status": entry.status,
            "problem": entry.problem,
            "rule": entry.rule,
            "severity": entry.severity,
            "message": dict(entry.message),
            "remedy": dict(entry.remedy),
            "stops": dict(STOPS[entry.severity]),
        }
        for code, entry in CATALOGUE.items()
    }


def _leading(found: tuple[Finding, ...], language: Language) -> str:
    first = next((finding for finding in found if finding.severity == "error"), found[0])
    return findings.message(first, language)
