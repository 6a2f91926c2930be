"""How the webhooks of practices fill their read table. Pure."""

import json
from collections.abc import Iterable

from libs.events import Envelope
from libs.runtime.rows import Change, change, drop, put
from services.gateway.decider.webhook import (
    WebhookAdded,
    WebhookChanged,
    WebhookDisabled,
    WebhookEvent,
    WebhookRemoved,
    WebhookSecretRotated,
)
from services.gateway.tables import webhooks


def project_webhooks(event: WebhookEvent, _envelope: Envelope) -> Iterable[Change]:
    """Keep what is sent where."""
    key = event.webhook_id
    match event:
        case WebhookAdded():
            yield _added(event)
        case WebhookChanged():
            columns = {"disabled": None, "disabled_at": None} if event.active else {}
            yield change(
                webhooks,
                webhook_id=key,
                url=event.url,
                types=json.dumps(event.types),
                description=event.description,
                active=event.active,
                version=event.version,
                **columns,
            )
        case WebhookSecretRotated():
            yield change(
                webhooks,
                webhook_id=key,
                secret_number=event.number,
                old_until=event.old_until,
            )
        case WebhookDisabled():
            yield change(
                webhooks,
                webhook_id=key,
                active=False,
                disabled=event.reason,
                disabled_at=event.at,
                version=event.version,
            )
        case WebhookRemoved():
            yield drop(webhooks, webhook_id=key)


def _added(event: WebhookAdded) -> Change:
    return put(
        webhooks,
        webhook_id=event.webhook_id,
        practice_id=event.practice_id,
        url=event.url,
        types=json.dumps(event.types),
        description=event.description,
        after=json.dumps(dict(event.after), sort_keys=True),
        active=True,
        disabled=None,
        disabled_at=None,
        secret_number=1,
        old_until=None,
        version=1,
        added_at=event.at,
    )
