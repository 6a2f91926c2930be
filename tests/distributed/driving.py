"""A cooperative driven from outside: by the command line, REST, and the bank's files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Generic, Protocol, Self, TypeVar

import httpx

from libs.events.values import PracticeKind, Scheme
from libs.runtime.clock import Clock
from libs.runtime.settings import Settings
from services.simulator.camt054 import Receipt, camt054
from services.simulator.invoices import Invoice, invoice
from services.simulator.practices import Practice, Wish, practice
from tests.distributed.processes import Unavailable, eventually

SEED = 7
TODAY = Clock().today()
WORKDAY = TODAY - timedelta(days=max(0, TODAY.weekday() - 4) + 7)
"""A day on which patients were treated, a week ago or so."""
XML = {"Content-Type": "application/xml"}


class Running(Protocol):
    """A running system that is given orders by the command line."""

    @property
    def door(self) -> str: ...

    def said(self, *arguments: str) -> dict[str, Any]: ...


R = TypeVar("R", bound=Running)


@dataclass
class Partner:
    """A program that speaks REST with the gateway, as practice software and the bank's link do."""

    door: str
    client_id: str
    secret: str
    token: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask once; a token is fetched where there is none."""
        if not self.token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.secret,
            }
            answer = httpx.post(f"{self.door}/v1/oauth/token", data=form, timeout=30)
            assert answer.status_code == 200, answer.text
            self.token = answer.json()["access_token"]
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return httpx.request(method, self.door + path, headers=headers, timeout=30, **more)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hand_in(
        self,
        path: str,
        body: bytes,
        until: Callable[[Callable[[], Any]], Any] = eventually,
        kind: str = XML["Content-Type"],
    ) -> httpx.Response:
        """Send until there is an answer: whoever got none sends the same bytes again."""

        def taken() -> httpx.Response:
            answer = self.ask("POST", path, content=body, headers={"Content-Type": kind})
            if answer.status_code >= 500:
                raise Unavailable(answer.text)
            return answer

        answer: httpx.Response = until(taken)
        assert answer.status_code in {200, 202}, answer.text
        return answer


@dataclass
class Cooperative(Generic[R]):
    """The running shape with its bank."""

    shape: R
    bank: Partner
    members: Iterator[int] = field(default_factory=lambda: count(1))
    files: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def open(cls, shape: R) -> Self:
        """Let the bank's program in."""
        bank = shape.said("client", "add", "--name=Bank", "--scope=bank:write")
        return cls(shape, Partner(shape.door, bank["client_id"], bank["client_secret"]))

    def join(self) -> tuple[Practice, Partner]:
        """Make a practice a member by the command line and give its software a client."""
        who = practice(
            SEED, next(self.members), Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="LU"), TODAY
        )
        particulars = {
            "account": who.account_no, "name": who.name, "kind": who.kind, "canton": who.canton,
            "zip": who.address.zip, "city": who.address.city, "street": who.address.street,
            "house-no": who.address.house_no, "iban": who.iban, "language": who.language,
            "zsr": who.zsr, "joined-on": TODAY - timedelta(days=400),
        }  # fmt: skip  # one row a line of the form
        given = [f"--{name}={value}" for name, value in particulars.items()]
        glns = [f"--gln={gln}" for gln in who.glns]
        member = self.shape.said("practice", "add", *given, *glns)
        client = self.shape.said(
            "client", "add", f"--practice={member['practice_id']}", "--name=Software"
        )
        software = Partner(self.shape.door, client["client_id"], client["client_secret"])
        plain = {
            "rappel_plus": False,
            "collection_agency": "Inkasso AG",
            "secrecy_basis": "CONSENT",
        }

        def configured() -> bool:
            answer = software.ask(
                "PUT",
                "/v1/practice/settings/reminding",
                json={"settings": plain},
                headers={"If-Match": "*"},
            )
            assert answer.status_code in {200, 404, 409}, answer.text
            return answer.status_code == 200

        eventually(configured)
        return who, software

    def pay(self, items: Sequence[dict[str, Any]]) -> bytes:
        """Return the bank's file in which these invoices are paid in full."""
        number = next(self.files)
        receipts = [
            Receipt(
                bank_reference=f"B{number}-{index}",
                amount_rappen=item["open_rappen"],
                reference=item["reference"],
            )
            for index, item in enumerate(items)
        ]
        return camt054(number, TODAY, Settings().creditor_iban, receipts)


def bills(who: Practice, how_many: int) -> list[Invoice]:
    """Return invoices that a practice writes to its patients."""
    found = (invoice(SEED, who, (WORKDAY, index), TODAY) for index in count())
    to_patients = (one for one in found if one.scheme is Scheme.TG)
    return [next(to_patients) for _ in range(how_many)]


def issued(software: Partner, how_many: int) -> list[dict[str, Any]]:
    """Wait until so many invoices of a practice are issued and return them."""

    def all_there() -> list[dict[str, Any]] | None:
        """Return the list once it is long enough."""
        items: list[dict[str, Any]] = software.get("/v1/invoices?limit=200")["items"]
        return items if len(items) >= how_many else None

    items: list[dict[str, Any]] = eventually(all_there)
    return items


def wait_for_steps(software: Partner, item: dict[str, Any], *wanted: str) -> None:
    """Wait until all of this happened to an invoice."""
    eventually(lambda: set(wanted) <= set(steps(software, item["invoice_id"])))


def steps(software: Partner, invoice_id: str) -> list[str]:
    """Return the types of all that happened to an invoice, oldest first."""
    events = software.get(f"/v1/invoices/{invoice_id}/timeline")["events"]
    return [event["type"] for event in events]
