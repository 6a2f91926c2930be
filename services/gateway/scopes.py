"""What may be done, and which role may do it (reliability section 5)."""

from collections.abc import Mapping

from services.gateway.decider.user import Role

SCOPES: Mapping[str, str] = {
    "submissions:write": "Hand in invoice messages.",
    "submissions:read": "See what was handed in and what was found in it.",
    "invoices:read": "See invoices, their timeline and their documents.",
    "events:read": "Follow what becomes of the invoices.",
    "account:read": "See the member's account.",
    "cases:write": "Hold reminders and let them go on.",
    "webhooks:read": "See the webhooks and what was sent to them.",
    "webhooks:rotate": "Give a webhook a new secret.",
    "webhooks:write": "Add, change, try and remove webhooks.",
    "settings:write": "Change the practice's settings.",
    "bank:write": "Hand in the bank's files; the cooperative's own programs only.",
    "answers:write": "Hand in what insurers answer; clearing houses and the cooperative only.",
    "admin": "Everything of the cooperative; its own programs only.",
}

KEYS_SHEETS = "sheets:key"
"""What only clerks may do, at the portal's desk: no program is ever given it."""

_READ = frozenset({"submissions:read", "invoices:read", "events:read", "account:read"})

ROLES: Mapping[str, frozenset[str]] = {
    Role.PRACTICE_ADMIN: _READ
    | {
        "submissions:write",
        "cases:write",
        "settings:write",
        "webhooks:read",
        "webhooks:rotate",
        "webhooks:write",
    },
    Role.PRACTICE_USER: _READ | {"submissions:write"},
    Role.CLERK: _READ | {"cases:write", KEYS_SHEETS},
}
