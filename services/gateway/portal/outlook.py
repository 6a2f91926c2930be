"""What happens next to one invoice, said in full: the card at its top and the dashed plan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from libs.events.values import Stage
from services.gateway.portal import formats
from services.gateway.portal.catalogue import Words
from services.gateway.portal.sentences import Entry, who, worded
from services.gateway.portal.states import (
    InvoiceRow,
    State,
    Step,
    Tone,
    may_hold,
    may_lift,
)

LATE: Mapping[str, str] = {
    "next.stage": "next.stage.late",
    "next.review": "next.review.late",
}
"""Steps whose day has passed say so."""


@dataclass(frozen=True)
class Headline:
    """The answer at the top of the page, and what the reader may do about it."""

    title: str
    text: str
    tone: Tone | str = ""
    acts: Sequence[str] = ()
    why: bool = False


def short(t: Words, step: Step, today: date) -> str:
    """Return the next step as a list shows it."""
    values = {
        "day": formats.short_day(step.on, today) if step.on else formats.NOTHING,
        "stage": t(f"stage.{step.stage}") if step.stage else "",
        "reason": worded("hold", step.reason, t) if step.reason else "",
    }
    if step.key == "next.due":
        values["day"] = formats.day(step.on)
    return t(LATE.get(step.key, step.key) if step.broken else step.key, **values)


def headline(
    row: InvoiceRow, state: State, t: Words, users: Mapping[str, str], *, may_act: bool
) -> Headline:
    """Return what the top of an invoice's page says."""
    acts = ["hold"] if may_act and may_hold(row) else []
    acts += ["lift"] if may_act and may_lift(row) else []
    said = said_next(row, state.next, t, users)
    tone = "bad" if state.next.broken else closing_tone(row, state)
    planned = state.next.key in {"next.due", "next.stage", "next.review"}
    return Headline(*said, tone, acts, planned)


def closing_tone(row: InvoiceRow, state: State) -> Tone | str:
    """Return the colour of the card's edge: plain while things go their way."""
    if row.end:
        return state.tone
    return "warn" if row.hold else ""


def said_next(row: InvoiceRow, step: Step, t: Words, users: Mapping[str, str]) -> tuple[str, str]:
    """Return title and sentence of the next step."""
    day = formats.long_day(step.on, t.language) if step.on else formats.NOTHING
    stage = t(f"stage.{step.stage}") if step.stage else ""
    open_ = formats.money(row.open_rappen)
    match step.key:
        case "next.closed":
            ends = {"PAID": "paid", "SETTLED_SMALL": "small", "CANCELLED": "cancelled"}
            text = t(f"headline.closed.{ends[row.end or 'PAID']}")
            return t("headline.closed.title", day=day), text
        case "next.due" if stage and row.next_on:
            text = t("headline.due.text", stage=stage, then=formats.day(row.next_on))
            return t("headline.due.title", day=day), text
        case "next.due":
            return t("headline.due.title", day=day), t("headline.due.alone")
        case "next.stage" if step.broken:
            return t("headline.late.title", stage=stage, day=day), t("headline.late.text")
        case "next.stage":
            title = t("headline.stage.title", stage=stage, day=day)
            return title, t("headline.stage.text", sum=open_)
        case "next.review":
            title = t("headline.review.late" if step.broken else "headline.review.title", day=day)
            return title, held(row, t, users)
        case "next.agency":
            return t("headline.agency.title", sum=open_), t("headline.agency.text")
        case _:
            name = step.key.removeprefix("next.")
            return t(f"headline.{name}.title"), t(f"headline.{name}.text")


def held(row: InvoiceRow, t: Words, users: Mapping[str, str]) -> str:
    """Return why, since when and by whom an invoice is held."""
    return t(
        "headline.review.text",
        reason=worded("hold", row.hold, t),
        since=formats.day(row.hold_on),
        by=who(row.hold_by or "", t, users),
    )


def plan(row: InvoiceRow, state: State, t: Words) -> Sequence[Entry]:
    """Return what is planned, the farthest first, as the timeline stands above what happened."""
    step = state.next
    open_ = formats.money(row.open_rappen)
    if step.key == "next.review":
        rule = t("planned.rule.review")
        return [planned(step.on, t("planned.review.title"), t("planned.review.text"), rule)]
    entries = []
    if row.next_stage and row.next_on and step.key in {"next.due", "next.stage"}:
        title = t(f"stage.{Stage(row.next_stage)}")
        text = t("planned.stage.text", sum=open_)
        entries.append(planned(row.next_on, title, text, t("planned.rule.stage")))
    if step.key == "next.due":
        text = t("planned.due.text", sum=open_)
        entries.append(planned(step.on, t("planned.due.title"), text, t("planned.rule.due")))
    return entries


def planned(on: date | None, title: str, text: str, rule: str) -> Entry:
    """Return a dashed entry."""
    return Entry(on=on, title=title, text=text, tone="quiet", why=[("why.rule", rule)])
