"""People who are found wherever they left a trace, and the search for them in raw bytes (P34, P35).

Names, numbers and words are such that nothing else in the system looks like them.
"""

import io
import json
import logging
import sqlite3
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import msgspec
import pytest
from lxml import etree
from sqlalchemy import select

from libs.events import BankCreditBooked, Envelope, Event, Refused
from libs.events.values import Address, EventId, Party, SubjectId
from libs.runtime import log
from libs.runtime.problems import sentence_of
from services.gateway import registration
from services.gateway.tables import people
from services.simulator.camt054 import Receipt
from services.simulator.invoices import Invoice
from tests import cast, logging_config
from tests.system import MONDAY, Cooperative, Member, beside

CHILD_BORN_ON = date(2016, 5, 9)
HOME = Address(street="Kanarienvogelstieg", house_no="7", zip="8400", city="Winterthur")
PARENT = Party(name="Oberkanari-Trächsel", given_name="Wendelgard", salutation="Frau", address=HOME)
CHILD = Party(name="Zwyssig-Kanärlin", given_name="Jörgendine", salutation="Frau", address=HOME)
PAYER = "Kanarus Zahlmeister-Göldi"
STRANGER = "Unbekanntus Kanarifremd"
SERVICE, DIAGNOSIS, REMARK = "Kanarische Sitzung", "KANARI77", "Kanarienfieber seit Ostern"

OF_CHILD = (CHILD.name, CHILD.given_name)
OF_PARENT = (PARENT.name, PARENT.given_name)
OF_BOTH = (*OF_CHILD, *OF_PARENT, HOME.street, PAYER, SERVICE, DIAGNOSIS, REMARK)
ORDER = "DPO 2026/7"
NO_MESSAGE = f"<{CHILD.given_name}></{PARENT.given_name}>".encode()


def of_a_child(sent: Invoice) -> Invoice:
    """Return the invoice as one for a child whose parent owes it."""
    lines = tuple(
        msgspec.structs.replace(line, name=f"{SERVICE} {line.record_id}") for line in sent.lines
    )
    patient = replace(sent.patient, person=CHILD, parent=PARENT, born_on=CHILD_BORN_ON)
    return replace(sent, patient=patient, lines=lines, remark=REMARK)


def xml(sent: Invoice, *, modus: str = "production", **balance: str) -> bytes:
    """Return the message of an invoice with a diagnosis of our own; `balance` damages its sums."""
    root = etree.fromstring(cast.xml(sent))
    root.set("modus", modus)
    for element in root.iter("{*}diagnosis"):
        element.set("type", "by_contract")
        element.set("code", DIAGNOSIS)
    for element in root.iter("{*}balance"):
        for name, value in balance.items():
            element.set(name, value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Collect what the system logs as in production, then let other tests log as they did."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", lines)
        log.configure("debug")
        logging_config.forgotten()
        logging.getLogger().addHandler(handler)
        yield lines
        logging.getLogger().removeHandler(handler)
        logging_config.as_at_first()


@dataclass(frozen=True)
class Trace:
    """A word, and the file or table in which it stood."""

    place: str
    word: str


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, by its path within it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def traces(places: Mapping[str, bytes], words: Iterable[str]) -> set[Trace]:
    """Return which words stand where in the clear, however they are written.

    Case is no hiding place, nor are accents taken off, JSON's escapes, those of addresses, base64,
    hexadecimal digits and the encodings of two bytes a letter.
    """
    wanted = {word: _ways(word) for word in words}
    return {
        Trace(place, word)
        for place, data in places.items()
        for lower in [data.lower()]
        for word, ways in wanted.items()
        if any(way in lower for way in ways)
    }


PREFIX = 6
"""So many bytes of a word tell whether it is worth comparing."""
SURE = 8
"""Letters of base64 that ciphertext does not show by chance: fewer stand in any large file."""


class Search:
    """The search for many words in much data: what `traces` does, in one walk over the bytes.

    A word of less than six letters stands in too many others; it is looked for between the signs
    that part words in JSON, XML and text.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._ways: dict[bytes, list[tuple[bytes, str]]] = {}
        for word in words:
            short = [f'"{word}"', f">{word}<", f"'{word}'", f" {word} ", f"={word}&"]
            forms = [word] if len(word.encode()) >= PREFIX else short
            for way in set().union(*map(_ways, forms)):
                if len(way) >= PREFIX:
                    self._ways.setdefault(way[:PREFIX], []).append((way, word))

    def found(self, data: bytes) -> set[str]:
        """Return the words that stand in data, in the clear or in a common encoding."""
        lower, ways = data.lower(), self._ways
        places = (at for at in range(len(lower) - PREFIX + 1) if lower[at : at + PREFIX] in ways)
        return {
            word
            for at in places
            for way, word in ways[lower[at : at + PREFIX]]
            if lower.startswith(way, at)
        }


def _ways(word: str) -> set[bytes]:
    small = word.casefold()
    plain = small.translate(str.maketrans("äöü", "aou"))
    texts = {small, plain, word.upper(), json.dumps(small)[1:-1], quote(word), quote_plus(word)}
    codes = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
    # Bytes are folded as bytes: an upper-case accented letter is another one in each encoding.
    written = {text.encode(code).lower() for text in texts for code in codes}
    coded = {way for way in _in_base64(word.encode()) if len(way) >= SURE}
    return written | {word.encode().hex().encode()} | coded


def _in_base64(word: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a word wherever it stands in a text, folded as the text is.

    Three bytes are four letters there, so a word begins at one of three places; the letters at its
    ends hold bits of its neighbours too and are left out.
    """
    for before in range(3):
        whole = b64encode(b"\0" * before + word)
        first, last = (before * 4 + 2) // 3, (before + len(word)) * 4 // 3
        for coded in (whole, whole.translate(bytes.maketrans(b"+/", b"-_"))):
            yield coded[first:last].lower()


def tables(database: Path) -> dict[str, bytes]:
    """Return what the tables of a database hold, by name, as the database itself reads them."""
    db = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        names = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return {name: _cells(db.execute(f'SELECT * FROM "{name}"')) for name in names}  # noqa: S608 - names of tables
    finally:
        db.close()


def _cells(rows: Iterable[tuple[object, ...]]) -> bytes:
    cells = (cell for row in rows for cell in row)
    return b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in cells)


class Story:
    """One invoice for a child that a parent owes, and who looks at it."""

    def __init__(self, made: Cooperative, member: Member, sent: Any, later: Any) -> None:
        self.made, self.member = made, member
        self.sent, self.later = sent, later
        self.gateway = made.system.hosts["gateway"]
        self.words = (*OF_BOTH, sent.patient.ahv)
        self.issued: Any = None

    @classmethod
    async def begin(cls, made: Cooperative) -> "Story":
        """Hand the invoice in, with all that goes wrong before it is taken."""
        member = await cast.join(made, practice := cast.doctor(MONDAY))
        other = await cast.join(made, cast.doctor(MONDAY, number=2))
        first, second = cast.invoices(practice, MONDAY, "TG")[:2]
        again = replace(second, patient=first.patient)
        told = cls(made, member, of_a_child(first), of_a_child(again))
        usable, plain = xml(told.sent), {"Content-Type": "text/plain"}
        for sender, data, headers, status in (
            (member, NO_MESSAGE, {}, 400),
            (member, usable, plain, 415),
            (other, usable, {}, 403),
            (member, xml(told.sent, modus="test"), {}, 202),
            (member, xml(told.sent, amount_due="9.99"), {}, 422),
            (member, usable, {}, 202),
        ):
            answer = await made.submit(sender, data, **headers)
            assert answer.status_code == status, answer.text
            assert not traces({"": answer.content}, told.words)
        (told.issued,) = (await made.get(member, "/v1/invoices"))["items"]
        await made.system.settle(effects=True)
        return told

    @property
    def path(self) -> str:
        return f"/v1/invoices/{self.issued['invoice_id']}"

    async def pay(self) -> None:
        """Let the bank report the payment, and one that belongs to nobody known."""
        (paid,) = (await self.made.get(self.member, "/v1/invoices", state="open"))["items"]
        paid = Receipt(
            bank_reference=f"B{paid['number']}",
            amount_rappen=paid["open_rappen"],
            reference=paid["reference"],
            payer=PAYER,
        )
        lost = Receipt(bank_reference="B0", amount_rappen=7_777, payer=STRANGER, text=STRANGER)
        today = self.made.clock.today()
        assert (await self.made.bank(cast.paid(1, today, paid, lost))).status_code == 200

    async def subject(self, family: str) -> SubjectId:
        """Return the id of the person with a name."""
        wanted = select(people.c.subject).where(people.c.name == family)
        return SubjectId(await self.gateway.read(lambda db: db.execute(wanted).scalar_one()))

    async def erase(self, subject: SubjectId, order: str = ORDER) -> str:
        """Ask for an erasure and let it happen; return why not, if it must not."""
        today = self.made.clock.today()
        asked = await self.gateway.read(registration.erasure_request, subject, today, "dpo", order)
        try:
            await self.gateway.handle(asked)
        except Refused as refused:
            return sentence_of(refused)
        await self.made.system.settle(effects=True)
        await self.made.system.settle()
        return ""

    async def documents(self) -> list[str]:
        """Return the addresses of the invoice's documents."""
        items = (await self.made.get(self.member, f"{self.path}/documents"))["items"]
        return [f"{self.path}/documents/{one['document_id']}" for one in items]

    async def rest(self, path: str, **params: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.member.token}"}
        return await self.made.door.get(path, params=params, headers=headers)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give the browser of the practice's user, who has logged in."""
        transport = httpx.ASGITransport(self.made.system.apps["gateway"])
        async with httpx.AsyncClient(transport=transport, base_url="http://q.example") as client:
            form = {"login": self.member.login, "password": self.member.password}
            assert (await client.post("/login", data=form)).status_code == 303
            yield client

    def envelopes(self) -> Iterator[Envelope]:
        """Yield all that stands in all logs."""
        for name in self.made.system.hosts:
            with beside(self.made.system, name) as store, store.reading() as db:
                found = store.read(db, 0, 10_000)[0]
            yield from found

    def said(self, *kinds: type[Event]) -> Iterator[tuple[EventId, Any]]:
        """Yield the events of some classes with their ids, as they are stored."""
        classes = {kind.__name__: kind for kind in kinds}
        for one in self.envelopes():
            if one.type in classes:
                yield one.id, msgspec.json.decode(one.data, type=classes[one.type])

    def payers(self) -> list[str | None]:
        """Return what can be read of whom the bank named, in the order of the receipts."""
        vault = self.made.system.vault
        opened = [vault.open_event(one, key).payer for key, one in self.said(BankCreditBooked)]
        return [told and told.partition("\n")[0] for told in (one.reveal() for one in opened)]
