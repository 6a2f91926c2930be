"""Bugs of the kinds that event-sourced systems have, put in by wiring: each must be found."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from libs.events import Envelope, MemberCredited, PaymentReversed
from libs.runtime.feed import Feed
from libs.runtime.host import Host
from libs.runtime.pages import take
from libs.runtime.rows import Change, change
from libs.runtime.service import Service
from services.factoring.tables import claims
from services.ingest.decider import bank
from tests.simulation.machine import Wiring


def forgetful() -> Wiring:
    """Return a decider that does not remember that it booked a receipt before."""

    def decide(_: bank.Movement, command: bank.CreditCommand) -> Sequence[bank.CreditEvent]:
        return bank.decide_credit(bank.CREDIT_INITIAL, command)

    def changed(service: Service) -> Service:
        return replace(
            service,
            deciders=[
                replace(one, decide=decide) if one.name == "credit" else one
                for one in service.deciders
            ],
        )

    return Wiring(service=_only("ingest", changed))


def adding() -> Wiring:
    """Return a projection that adds to what it remembers, and sets not what the event says."""
    credited: Counter[str] = Counter()

    def project(event: MemberCredited, _: Envelope) -> Iterator[Change]:
        credited[event.invoice_id] += event.amount_rappen
        yield change(
            claims, invoice_id=event.invoice_id, credited_rappen=credited[event.invoice_id]
        )

    def started(host: Host) -> Host:
        if host.service.name == "factoring":
            credited.clear()
        return host

    def changed(service: Service) -> Service:
        return replace(service, projections=[*service.projections, project])

    return Wiring(service=_only("factoring", changed), host=started)


def hasty() -> Wiring:
    """Return a consumer that moves its position first, and works in a second transaction."""

    def started(host: Host) -> Host:
        async def consume(feed: Feed) -> None:
            page = await feed.next()
            moved = await take(host, replace(page, items=()))
            if moved:
                await take(host, replace(page, after=page.upto))
            await feed.done(page, moved=moved)

        host.consume = consume  # type: ignore[method-assign]
        return host

    return Wiring(host=started)


def deaf() -> Wiring:
    """Return a service that was never told what to do when the bank takes money back."""

    def changed(service: Service) -> Service:
        heard: dict[Any, Any] = dict(service.reactions)
        del heard[PaymentReversed]
        return replace(service, reactions=heard)

    return Wiring(service=_only("dunning", changed))


BUGS: Mapping[str, Callable[[], Wiring]] = {
    "forgetful": forgetful,
    "adding": adding,
    "hasty": hasty,
    "deaf": deaf,
}


def _only(name: str, changed: Callable[[Service], Service]) -> Callable[[Service], Service]:
    return lambda service: changed(service) if service.name == name else service
