"""What operators see of webhooks."""

from prometheus_client import Counter, Gauge

SENT = Counter("quittance_webhooks_sent_total", "Messages sent to webhooks, by end.", ["end"])
FAILING = Gauge("quittance_webhooks_failing", "Webhooks whose last message was not taken.")
FAILING_SECONDS = Gauge(
    "quittance_webhooks_failing_seconds", "Since when the first of them has been failing."
)
for _end in ("delivered", "failed"):
    SENT.labels(_end)
