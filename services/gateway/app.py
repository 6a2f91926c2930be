"""The gateway, assembled."""

from fastapi import APIRouter, Depends

from libs.events import InvoiceIssued
from libs.runtime.service import Decider, Loop, Parts, Service
from libs.runtime.settings import Settings
from services.gateway import (
    access,
    checks,
    delivery_projections,
    erasure,
    projections,
    webhook_projections,
)
from services.gateway.addresses import networks
from services.gateway.api import router as rest
from services.gateway.api.jobs import JOBS
from services.gateway.calling import Caller
from services.gateway.decider import client, practice, subject, user, webhook
from services.gateway.delivering import deliver
from services.gateway.door import NAME, Door
from services.gateway.portal.pages import router as pages
from services.gateway.portal.submission_pages import HAND_IN

PRACTICE = Decider(
    name="practice",
    initial=practice.INITIAL,
    decide=practice.decide,
    evolve=practice.evolve,
    key=lambda command: command.practice_id,
)
USER = Decider(
    name="user",
    initial=user.INITIAL,
    decide=user.decide,
    evolve=user.evolve,
    key=lambda command: command.user_id,
)
CLIENT = Decider(
    name="client",
    initial=client.INITIAL,
    decide=client.decide,
    evolve=client.evolve,
    key=lambda command: command.client_id,
)
SUBJECT = Decider(
    name="subject",
    initial=subject.INITIAL,
    decide=subject.decide,
    evolve=subject.evolve,
    key=lambda command: command.subject,
)
WEBHOOK = Decider(
    name="webhook",
    initial=webhook.INITIAL,
    decide=webhook.decide,
    evolve=webhook.evolve,
    key=lambda command: command.webhook_id,
)


def _webhooks(settings: Settings) -> Loop:
    caller = Caller(networks(settings.webhook_networks))
    return deliver(caller, alone=not settings.distributed)


def build(parts: Parts) -> Service:
    """Return the gateway; its routes find what they work with at the door."""
    router = APIRouter(dependencies=[Depends(Door(parts).open)])
    router.include_router(rest)
    router.include_router(pages)  # last: it answers whatever nothing else does
    return Service(
        name=NAME,
        deciders=[PRACTICE, USER, CLIENT, SUBJECT, WEBHOOK],
        projections=[
            projections.project_practices,
            projections.project_access,
            projections.project_people,
            projections.project_invoices,
            projections.project_payers,
            projections.project_cases,
            projections.project_claims,
            projections.project_submissions,
            projections.project_timeline,
            webhook_projections.project_webhooks,
            delivery_projections.project_deliveries,
        ],
        effects={subject.ErasureRequested: erasure.forget(parts.vault, parts.clock)},
        loops={"webhooks": _webhooks(parts.settings)},
        tables=projections.metadata,
        kept=access.metadata,
        router=router,
        first=frozenset({"/v1/bank-files"}),
        large=frozenset({JOBS, HAND_IN}),
        opens=frozenset({InvoiceIssued}),
        shows=frozenset({InvoiceIssued}),
        checks=[checks.sums, checks.names],
    )
