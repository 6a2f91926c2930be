"""What operators see of a running service; labels hold names of ours only (P35)."""

from prometheus_client import Counter, Gauge, Histogram

BATCH_EVENTS = Histogram(
    "quittance_batch_events",
    "Events written in one transaction.",
    ["service"],
    buckets=(0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000),
)
COMMANDS = Counter("quittance_commands_total", "Commands decided.", ["service", "command"])
PROPOSALS_FAILED = Counter(
    "quittance_proposals_failed_total",
    "Proposals of the calendar that failed by a bug in a rule.",
    ["service", "command"],
)
RETRIED = Counter("quittance_batches_retried_total", "Batches that lost a race.", ["service"])
HEARD = Counter("quittance_heard_total", "Events heard from other services.", ["service", "source"])
PARKED = Gauge("quittance_parked", "Messages parked and not yet worked off.", ["service"])
PARKED_AGE = Gauge(
    "quittance_parked_age_seconds",
    "Since when the message waits that is parked longest; 0 where none is.",
    ["service"],
)
WAITING = Gauge(
    "quittance_waiting", "What waits for a person to decide, by kind.", ["service", "what"]
)
BREACHES = Gauge(
    "quittance_invariants_broken",
    "Invariants that did not hold when the service last checked its own.",
    ["service"],
)
CHECKED_AT = Gauge(
    "quittance_invariants_checked_timestamp_seconds",
    "When the service last checked its own invariants.",
    ["service"],
)
SAVED_AT = Gauge(
    "quittance_backup_timestamp_seconds",
    "When the last backup of data or keys was taken; 0 before the first.",
    ["service", "what"],
)
CALENDAR_DONE = Gauge(
    "quittance_calendar_done_timestamp_seconds",
    "Begin of the last day whose work is done.",
    ["service"],
)
CLOCK_JUMPS = Counter(
    "quittance_clock_jumps_total", "Times that the wall clock jumped.", ["service"]
)
LAG_RECORDS = Gauge(
    "quittance_lag_records", "Records that a service has not heard yet.", ["service", "source"]
)
LAG_SECONDS = Gauge(
    "quittance_lag_seconds", "Age of the last event heard, when heard.", ["service", "source"]
)
OUTBOX_AGE = Gauge(
    "quittance_outbox_age_seconds", "Age of the oldest event not yet on Kafka.", ["service"]
)
OUTBOX_EVENTS = Gauge(
    "quittance_outbox_events", "Events recorded and not yet on Kafka.", ["service"]
)
EFFECTS = Counter(
    "quittance_effects_total", "Letters, files and other work done.", ["service", "effect", "end"]
)
REQUESTS = Histogram(
    "quittance_request_seconds",
    "Time to answer a request.",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CONNECTIONS = Gauge("quittance_connections", "Connections that clients hold open.")
HALTED = Gauge(
    "quittance_halted",
    "1 when a loop stopped with an alarm (a gap), or goes on failing.",
    ["service", "part"],
)
WEBHOOKS_SENT = Counter(
    "quittance_webhooks_sent_total", "Messages sent to webhooks of practices.", ["end"]
)
WEBHOOKS_FAILING = Gauge("quittance_webhooks_failing", "Webhooks whose last message was not taken.")
WEBHOOKS_FAILING_AGE = Gauge(
    "quittance_webhooks_failing_seconds", "Since when the first of them has been failing."
)
