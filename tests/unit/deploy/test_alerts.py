"""Alert rules fire on what they are for and keep quiet otherwise; each has its runbook (P46)."""

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import pytest

from services.__main__ import main
from tests import promql
from tests.engines import ROOT
from tests.exported import PROMETHEUS, dashboard, expressions, named_everywhere, rules
from tests.kafka_tools import CLASSES

RUNBOOKS = ROOT / "docs" / "runbooks"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOW = 40 * DAY
STEP = 15
SUFFIXES = ("_bucket", "_count", "_sum")


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def flat(name: str, value: float, **labels: str) -> promql.Samples:
    """Return a series that has stood at a value for a day."""
    return {(name, frozenset(labels.items())): [(NOW - DAY, value), (NOW, value)]}


def rising(name: str, each: float, **labels: str) -> promql.Samples:
    """Return a counter that rose by so much at each scrape of the last hour."""
    values = [(NOW - HOUR + step * STEP, each * step) for step in range(HOUR // STEP + 1)]
    return {(name, frozenset(labels.items())): values}


def once(name: str, **labels: str) -> promql.Samples:
    """Return a counter that rose by one ten minutes ago."""
    at = NOW - 10 * MINUTE
    values = [(t, float(t >= at)) for t in range(NOW - HOUR, NOW + 1, STEP)]
    return {(name, frozenset(labels.items())): values}


def answered(**each: float) -> promql.Samples:
    """Return requests by status, so many at each scrape."""
    found: dict[tuple[str, promql.Labels], Sequence[tuple[float, float]]] = {}
    for status, count in each.items():
        labels = {"service": "gateway", "status": status.removeprefix("s")}
        found |= rising("quittance_request_seconds_count", count, **labels)
    return found


def uploads(fast: float, slow: float) -> promql.Samples:
    """Return uploads at each scrape: answered within 0.1 s, and within 1 s."""
    found: dict[tuple[str, promql.Labels], Sequence[tuple[float, float]]] = {}
    counts = {"0.1": fast, "0.25": fast, "0.5": fast, "1": fast + slow, "+Inf": fast + slow}
    for bound, count in counts.items():
        labels = {"service": "gateway", "route": "/v1/submissions", "le": bound}
        found |= rising("quittance_request_seconds_bucket", count, **labels)
    return found


def effects(end: str) -> promql.Samples:
    return once("quittance_effects_total", service="invoicing", effect="InvoiceIssued", end=end)


CASES: dict[str, tuple[promql.Samples, promql.Samples]] = {
    "ServiceDown": (flat("up", 0, job="quittance"), flat("up", 0, job="other")),
    "LoopHalted": (flat("quittance_halted", 1), flat("quittance_halted", 0)),
    "OutboxOld": (
        flat("quittance_outbox_age_seconds", 61), flat("quittance_outbox_age_seconds", 60),
    ),
    "LagGrowing": (flat("quittance_lag_records", 5_001), flat("quittance_lag_records", 5_000)),
    "MessageParked": (flat("quittance_parked", 1), flat("quittance_parked", 0)),
    "ParkedTooLong": (
        flat("quittance_parked_age_seconds", DAY + 1), flat("quittance_parked_age_seconds", DAY),
    ),
    "InvariantBroken": (
        flat("quittance_invariants_broken", 1), flat("quittance_invariants_broken", 0),
    ),
    "BackupLate": (
        flat("quittance_backup_timestamp_seconds", NOW - 26 * HOUR - 1, what="keys"),
        flat("quittance_backup_timestamp_seconds", NOW - 26 * HOUR, what="keys"),
    ),
    "SelfCheckLate": (
        flat("quittance_invariants_checked_timestamp_seconds", NOW - 3 * HOUR - 1),
        flat("quittance_invariants_checked_timestamp_seconds", NOW - 3 * HOUR),
    ),
    "EffectParked": (effects("parked"), effects("failed")),
    "WebhookFailing": (
        flat("quittance_webhooks_failing_seconds", 6 * HOUR + 1),
        flat("quittance_webhooks_failing_seconds", 6 * HOUR),
    ),
    "PaymentsUnmatched": (
        flat("quittance_waiting", 51, what="unmatched_payments"),
        flat("quittance_waiting", 50, what="unmatched_payments"),
    ),
    "PatientCopyMissing": (
        flat("quittance_waiting", 1, what="patient_copies"),
        flat("quittance_waiting", 99, what="unmatched_payments"),
    ),
    "CalendarLate": (
        # Yesterday's work was the last that was done, and it is after seven in the morning.
        flat("quittance_calendar_done_timestamp_seconds", NOW - DAY - 7 * HOUR - 1),
        flat("quittance_calendar_done_timestamp_seconds", NOW - DAY - 5 * HOUR),
    ),
    "ProposalFailed": (
        once("quittance_proposals_failed_total"), flat("quittance_proposals_failed_total", 3),
    ),
    "ClockJumped": (once("quittance_clock_jumps_total"), flat("quittance_clock_jumps_total", 3)),
    "AnswersFailing": (answered(s200=98, s503=2), answered(s200=99, s404=50, s503=1)),
    "UploadsSlow": (uploads(97, 3), uploads(995, 5)),
    "RacesLost": (
        rising("quittance_batches_retried_total", STEP + 1),
        rising("quittance_batches_retried_total", STEP),
    ),
}  # fmt: skip  # a rule, numbers on which it must fire, and on which it must not


def fires(expression: str, samples: promql.Samples) -> bool:
    return bool(promql.evaluate(promql.parse(expression), samples, NOW))


def test_every_rule_is_tried_on_numbers() -> None:
    assert {rule["alert"] for rule in rules()} == set(CASES)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_fires_on_what_it_is_for_and_on_nothing_else(rule: dict[str, str]) -> None:
    bad, good = CASES[rule["alert"]]
    assert fires(rule["expr"], bad)
    assert not fires(rule["expr"], good)
    assert not fires(rule["expr"], {})


def test_a_restart_sets_a_counter_back_and_is_no_negative_increase() -> None:
    values = [(NOW - 60.0, 7.0), (NOW - 45.0, 8.0), (NOW - 30.0, 0.0), (NOW - 15.0, 2.0)]
    found = promql.evaluate(
        promql.parse("increase(events_total[5m])"), {("events_total", frozenset()): values}, NOW
    )
    assert found == {frozenset(): 3.0}


@pytest.mark.parametrize("text", ["sum by (a (b)", "rate(x[5m]) >", "x{a='b'}", "x ? 1", ""])
def test_what_is_no_expression_is_not_read(text: str) -> None:
    with pytest.raises((promql.Unreadable, ValueError)):
        promql.parse(text)


def test_every_rule_says_how_bad_it_is_in_a_sentence_and_names_its_runbook() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{kebab(rule['alert'])}.md"


def test_there_is_a_runbook_for_every_rule_and_no_other() -> None:
    wanted = {kebab(rule["alert"]) for rule in rules()}
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == wanted


def commands(page: Path, *programs: str) -> Iterable[list[str]]:
    """Yield the command lines of a runbook, in its text too, that begin with a program."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    for line in [*blocks, *re.findall(r"`([^`\n]+)`", text)]:
        if line.split(" ")[0] in programs:
            yield shlex.split(re.split(r"\s{2,}#", line)[0])


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "What it means", "What to look at", "What to do",
    ]  # fmt: skip
    for link in re.findall(r"\]\(([a-z-]+\.md)\)", text):
        assert (page.parent / link).exists(), link
    for words in commands(page, "quittance"):
        command: click.Command = main
        for word in words[1:]:
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, words
            command = command.commands[word]
    for words in commands(page, *CLASSES):
        assert "--bootstrap-server" in words


def test_log_lines_that_runbooks_quote_are_written_by_the_code() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "libs" / "runtime").rglob("*.py"))
    quoted = set()
    for page in RUNBOOKS.glob("*.md"):
        for comment in re.findall(r"#\s(.+)", page.read_text("utf-8")):
            quoted |= set(re.findall(r"\b[a-z]+_[a-z_]+\b", comment))
    assert len(quoted) >= 8
    assert not {word for word in quoted if f'"{word}"' not in code}


def test_every_metric_that_is_named_is_one_of_the_codes() -> None:
    code = (ROOT / "libs" / "runtime" / "metrics.py").read_text("utf-8")
    known = set(re.findall(r'"(quittance_[a-z_]+)"', code))
    histograms = {name + suffix for name in known for suffix in SUFFIXES}
    assert named_everywhere() <= known | histograms


def test_every_metric_is_on_the_dashboard_or_in_a_rule_and_on_the_page_for_operators() -> None:
    code = (ROOT / "libs" / "runtime" / "metrics.py").read_text("utf-8")
    known = set(re.findall(r'"(quittance_[a-z_]+)"', code))
    shown = set().union(*(promql.metrics(promql.parse(one)) for one in expressions())) - PROMETHEUS
    bare = {re.sub(f"({'|'.join(SUFFIXES)})$", "", name) for name in shown}
    assert known <= bare | shown
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in sorted(known) if f"`{name}`" not in page] == []


def test_panels_lie_side_by_side_and_say_what_they_show() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["title"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_prometheus_is_told_of_every_service() -> None:
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8")
    targets = set(re.findall(r"- ([a-z]+):8000", text))
    assert targets == {"ingest", "invoicing", "dunning", "factoring", "gateway"}
    assert "alerts.yml" in text
