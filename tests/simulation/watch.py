"""Looks at every log after every step, and at all of them together once they are at rest."""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from services.command.opening import Opened
from services.command.proving import prove_opened
from tests.simulation.ledger import Dunning, Fact, Factoring, Ingest, Invoicing, hold
from tests.simulation.machine import NAMES, Machine

_NEW = (
    "SELECT position, stream, version, type, data FROM events WHERE position > ? ORDER BY position"
)
_ALL = (
    "SELECT position, stream, version, event_id, type, tenant, data, correlation_id,"
    " causation_id, recorded_at FROM events ORDER BY position"
)
_PLACES = "SELECT consumer, source, partition, seq FROM positions"
_SEALED = re.compile(rb'"sealed":"[^"]*"')
_DECODE = msgspec.json.Decoder()


class Ledger(Protocol):
    """What follows one service's log."""

    def see(self, kind: str, fact: Fact) -> None:
        """Take a fact in."""


class Watch:
    """Knows how far it has read each log, and what these logs said so far."""

    def __init__(self, databases: Mapping[str, sqlite3.Connection]) -> None:
        self._databases = {name: databases[name] for name in NAMES}
        self._read = dict.fromkeys(NAMES, 0)
        self._versions: dict[tuple[str, str], int] = {}
        self._places: dict[tuple[Any, ...], int] = {}
        self.facts: Counter[str] = Counter()
        """How often each fact was recorded."""
        self.ingest, self.invoicing = Ingest(), Invoicing()
        self.dunning, self.factoring = Dunning(), Factoring()
        self._ledgers: Mapping[str, Ledger] = {
            "ingest": self.ingest,
            "invoicing": self.invoicing,
            "dunning": self.dunning,
            "factoring": self.factoring,
        }

    def look(self) -> None:
        """Take in what is new, and see that every promise holds at any moment."""
        for name, database in self._databases.items():
            ledger = self._ledgers.get(name)
            for position, stream, version, kind, data in database.execute(
                _NEW, (self._read[name],)
            ).fetchall():
                hold(position == self._read[name] + 1, f"{name}: position {position} has a gap")
                self._read[name] = position
                before = self._versions.get((name, stream), 0)
                hold(version == before + 1, f"{name}: {stream} has a gap before {version}")
                self._versions[name, stream] = version
                self.facts[kind] += 1
                if ledger is not None:
                    ledger.see(kind, _DECODE.decode(data))
            self._look_at_places(name, database)

    def _look_at_places(self, name: str, database: sqlite3.Connection) -> None:
        for *place, at in database.execute(_PLACES).fetchall():
            key = (name, *place)
            hold(at >= self._places.get(key, 0), f"{name}: the position of {place} moved back")
            self._places[key] = at

    def look_at_rest(self) -> None:
        """See that all services tell of the same money once everything has been heard (P12)."""
        self.look()
        self._look_at_messages()
        self._look_at_money()
        for invoice, claim in self.invoicing.claims.items():
            case = self.dunning.cases.get(invoice)
            told = claim.open, case.open if case else 0, self.factoring.held[invoice]
            hold(len(set(told)) == 1, f"invoice {invoice} is open with {told}")

    def _look_at_messages(self) -> None:
        for submission, fact in self.ingest.accepted.items():
            asked = fact["facts"]["kind"] == "invoice"
            issued = submission in self.invoicing.submissions
            hold(asked == issued, f"message {submission}: invoice asked {asked}, issued {issued}")

    def _look_at_money(self) -> None:
        came, placed = self.ingest.receipts, self.invoicing.placed
        went, taken = self.ingest.reversals, self.invoicing.reversed
        hold(set(came) == set(placed), f"receipts without a place: {set(came) ^ set(placed)}")
        hold(set(went) == set(taken), f"reversals without a place: {set(went) ^ set(taken)}")
        for credit, fact in came.items():
            hold(placed[credit] == fact["amount_rappen"], f"receipt {credit} is placed in part")
        for credit, fact in went.items():
            hold(taken[credit] == fact["amount_rappen"], f"reversal {credit} is placed in part")
        booked = sum(fact["amount_rappen"] for fact in came.values())
        booked -= sum(fact["amount_rappen"] for fact in went.values())
        bank = self.factoring.balances["1020"]
        hold(bank == booked, f"the bank booked {booked}, its account holds {bank}")

    def fingerprint(self) -> str:
        """Return one hash of all logs, ciphertext and chain left out: nonces are true chance."""
        digest = hashlib.sha256()
        for database in self._databases.values():
            for row in database.execute(_ALL):
                told: Sequence[Any] = [
                    _SEALED.sub(b"", value) if isinstance(value, bytes) else value for value in row
                ]
                digest.update(repr(told).encode())
        return digest.hexdigest()


def prove(machine: Machine) -> None:
    """Run what `quittance verify` runs on the databases as they stand."""
    opened = {
        name: Opened(host.service, host.read_store, host.hearing)
        for name, host in machine.hosts.items()
    }
    found = prove_opened(opened, over_kafka=True)
    hold(found["ok"], "; ".join(found["failed"]))
    parked = {name: log["parked"] for name, log in found["logs"].items() if log["parked"]}
    hold(not parked, f"parked at the end: {parked}")
