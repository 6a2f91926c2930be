"""Keep in the timeline the bytes that were said, not what a release knew besides.

Release 0.1.0 wrote every field, also one that an event had left out because it stood at its
default. A field added later would then change what a rebuild gives. The defaults here are those of
that release.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "gateway_0008"
down_revision = "gateway_0007"
branch_labels = None
depends_on = None

PAGE = 5_000
LEFT_OUT: dict[str, dict[str, Any]] = {
    "BankCreditBooked": {"reference": "", "file": "", "charges_rappen": 0, "payer": None},
    "BankCreditReversed": {"file": ""},
    "CallRecorded": {"promised_on": None},
    "CaseOpened": {"next_wait_days": 0, "payer": "patient", "canton": "", "counted_from": None},
    "ClaimClosed": {"refundable_rappen": 0},
    "ClaimTransmitted": {"due_on": None},
    "DunningResumed": {"stage": None},
    "HoldLifted": {"resend": None, "still": None, "still_review_on": None},
    "InvoiceDispatched": {"form": None, "form_pages": 0},
    "InvoiceIssued": {"biller": None, "biller_phone": "", "biller_vat_number": ""},
    "InvoiceSettled": {"waived_rappen": 0},
    "MemberCredited": {"credited_rappen": 0, "open_rappen": 0, "advanced_rappen": 0},
    "MemberDebited": {"credited_rappen": 0, "surplus_rappen": 0, "open_rappen": 0},
    "PartPaid": {"next_stage": None},
    "PaymentReceived": {"surplus_rappen": 0, "charges_rappen": 0},
    "PaymentReversed": {"reversal_id": None, "surplus_rappen": 0, "charges_rappen": 0},
    "PracticeConfigured": {"by": ""},
    "PracticeRegistered": {"holder": "", "zsrs": [], "vat_number": "", "phone": ""},
    "ReminderDispatched": {"run": 1},
    "ReminderEscalated": {"pay_by": None, "next_wait_days": 0, "run": 1, "ladder_version": 0},
    "SubmissionAccepted": {"received_at": None, "size_bytes": 0, "findings": []},
    "SubmissionRejected": {
        "request_id": "", "received_at": None, "size_bytes": 0, "version": "",
        "amount_rappen": None, "problem": "",
    },
}  # fmt: skip

timeline = sa.table(
    "timeline",
    sa.column("event_id", sa.Text),
    sa.column("type", sa.Text),
    sa.column("data", sa.Text),
)


def upgrade() -> None:
    db = op.get_bind()
    change = (
        timeline.update()
        .where(timeline.c.event_id == sa.bindparam("of"))
        .values(data=sa.bindparam("said"))
    )
    last = ""
    while True:
        page = (
            sa.select(timeline)
            .where(timeline.c.event_id > last, timeline.c.type.in_(LEFT_OUT))
            .order_by(timeline.c.event_id)
            .limit(PAGE)
        )
        rows = db.execute(page).all()
        if not rows:
            return
        last = rows[-1].event_id
        changed = [
            {"of": row.event_id, "said": said}
            for row in rows
            if (said := _said(row.type, row.data)) != row.data
        ]
        if changed:
            db.execute(change, changed)


def _said(kind: str, data: str) -> str:
    facts, defaults = json.loads(data), LEFT_OUT[kind]
    said = {n: v for n, v in facts.items() if n not in defaults or v != defaults[n]}
    if len(said) == len(facts):
        return data
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
