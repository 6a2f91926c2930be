"""A bank's notification camt.054.001.04 or .08 → every movement in it, or why nothing is booked.

Read as a stream, so that memory does not grow with the tree (payments 3.8). Sums are proved before
anything leaves this module: one entry that does not add up refuses the whole file. Pure.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Final

from lxml import etree

from libs.events.handed import Finding
from libs.events.values import CreditId
from libs.runtime.ids import derived
from services.ingest.bank.bank_file import BankFile, Movement, Unidentified, kind_of
from services.ingest.bank.camt_entries import Detail, Entry, Fields, Wrong, read_detail, read_entry
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.message.arithmetic import francs
from services.ingest.message.xml_tree import root_of

NAMESPACES: Final = {
    f"urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}": version for version in ("04", "08")
}
FINDINGS_MAX: Final = 100


def parse(
    data: bytes, accounts: frozenset[str], *, production: bool = True
) -> BankFile | Unreadable:
    """Read a file about accounts of ours. Raises nothing, whatever the bytes."""
    root = root_of(data)
    if isinstance(root, Finding):
        return refused((root,))
    namespace, _, _ = root.rpartition(" ")
    if namespace not in NAMESPACES:
        return refused((broken("bank_message_unknown"),))
    reader = _Reader(namespace, accounts, production=production)
    try:
        reader.read(data)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        return refused((broken("xml_malformed", line=line or 0, column=column or 0),))
    if reader.found:
        return refused(tuple(reader.found))
    return reader.file


class _Reader:
    """One pass over a file."""

    def __init__(self, namespace: str, accounts: frozenset[str], *, production: bool) -> None:
        self.file = BankFile(version=NAMESPACES[namespace])
        self.found: list[Finding] = []
        self._namespace = namespace
        self._fields = Fields(namespace, self.file.version)
        self._ours = accounts
        self._production = production
        self._account = ""
        self._foreign_account = False
        self._announced = 0
        self._entry: Entry | None = None
        self._details: list[Detail] = []
        self._entries = 0

    def read(self, data: bytes) -> None:
        fields = self._fields
        names = ("GrpHdr", "Acct", "Btch", "TxDtls", "Ntry", "BkToCstmrDbtCdtNtfctn")
        tags = [fields.tag(name) for name in names]
        for _, element in self._events(data, tags):
            name = etree.QName(element).localname
            try:
                match name:
                    case "GrpHdr":
                        self._header(element)
                    case "Acct":
                        self._own_account(element)
                    case "Btch":
                        self._batch(element)
                    case "TxDtls":
                        self._detail(element)
                    case "Ntry":
                        self._finish(element)
                    case _:
                        self._end(element)
            except Wrong as wrong:
                self._wrong(wrong.code, element)
            if name in {"TxDtls", "Ntry"}:
                _forget(element)

    def _events(self, data: bytes, tags: list[str]) -> Iterator[tuple[str, etree._Element]]:
        return etree.iterparse(  # type: ignore[no-any-return]  # stubs know no element type
            BytesIO(data),
            events=("end",),
            tag=tags,
            remove_comments=True,
            remove_pis=True,
            load_dtd=False,
            no_network=True,
            resolve_entities=False,
        )

    def _header(self, element: etree._Element) -> None:
        text = self._fields.text
        self.file.message_id = text(element, "MsgId")
        self.file.created_at = text(element, "CreDtTm")
        marked = text(element, "AddtlInf").upper().endswith("TEST")
        if marked and self._production:
            self._wrong("bank_test_message", element)

    def _own_account(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is None or etree.QName(parent).localname != "Ntfctn":
            return
        self._account = self._fields.text(element, "Id/IBAN").replace(" ", "").upper()
        self.file.accounts.add(self._account)
        # The ordinary account behind our QR-IBAN is ours too: its entries name the QR-IBAN.
        self._foreign_account = self._account not in self._ours

    def _batch(self, element: etree._Element) -> None:
        count = self._fields.text(element, "NbOfTxs")
        if count.isascii() and count.isdigit() and len(count) < 10:  # noqa: PLR2004
            self._announced += int(count)

    def _detail(self, element: etree._Element) -> None:
        entry = self._head(element.getparent())
        self._details.append(read_detail(self._fields, element, entry))

    def _head(self, inside: etree._Element | None) -> Entry:
        """Read the head of the entry once; by schema order it stands before its details."""
        if self._entry is None:
            ntry = inside.getparent() if inside is not None else None
            if ntry is None:
                raise Wrong("bank_value_invalid")
            self._entry = read_entry(self._fields, ntry)
        return self._entry

    def _finish(self, element: etree._Element) -> None:
        """Prove an entry and put it where it belongs."""
        self._entries += 1
        try:
            entry = self._entry or read_entry(self._fields, element)
            details = self._details or [read_detail(self._fields, None, entry)]
            if self._foreign_account and entry.reference[:21] not in self._ours:
                self._wrong("bank_account_unknown", element)
            elif entry.status == "PDNG":
                self.file.pending_count += len(details)
                self.file.pending_rappen += entry.amount_rappen
            elif entry.status == "BOOK" and self._proved(element, entry, details):
                self._place(element, entry, details)
        finally:
            self._entry, self._details, self._announced = None, [], 0

    def _proved(self, element: etree._Element, entry: Entry, details: list[Detail]) -> bool:
        """Σ details = entry, and as many as announced, where both are given."""
        if len(details) == 1 and details[0].amount_rappen is None:
            details[0] = replace(details[0], amount_rappen=entry.amount_rappen)
        if any(detail.amount_rappen is None for detail in details):
            raise Wrong("bank_value_invalid")
        total = sum(
            (detail.amount_rappen or 0) * (1 if detail.sign == entry.sign else -1)
            for detail in details
        )
        if total != entry.amount_rappen:
            stated, expected = francs(total), francs(entry.amount_rappen)
            self._wrong("bank_sum_mismatch", element, stated=stated, expected=expected)
            return False
        if self._announced and self._details and self._announced != len(self._details):
            stated, expected = str(len(self._details)), str(self._announced)
            self._wrong("bank_count_mismatch", element, stated=stated, expected=expected)
            return False
        return True

    def _place(self, element: etree._Element, entry: Entry, details: list[Detail]) -> None:
        seen = Counter((d.bank_reference, d.amount_rappen, d.sign) for d in details)
        for index, detail in enumerate(details):
            amount = detail.amount_rappen or 0
            kind = kind_of(entry, detail)
            if kind == "other":
                self.file.other_count += 1
                self.file.other_rappen += amount if detail.sign == "CRDT" else -amount
                continue
            alone = seen[detail.bank_reference, detail.amount_rappen, detail.sign] == 1
            key = self._identity(entry, detail, index, alone=alone)
            if key is None:
                self.file.unidentified.append(
                    Unidentified(
                        amount_rappen=amount,
                        booked_on=entry.booked_on,
                        line=_line(element),
                    )
                )
                continue
            target = self.file.credits if kind == "credit" else self.file.reversals
            if key in target:
                self.file.repeated += 1
            target.setdefault(key, self._movement(key, entry, detail))

    def _identity(
        self, entry: Entry, detail: Detail, index: int, *, alone: bool
    ) -> CreditId | None:
        """Return the bank's own identity of a receipt (payments 3.8, number 6).

        Some banks repeat the entry's reference on every detail: it names a detail only where no
        other of the same amount has it, else its place in the entry does.
        """
        if detail.bank_reference and alone:
            parts = (detail.bank_reference, str(detail.amount_rappen), detail.sign)
        elif entry.bank_reference:
            parts = (entry.bank_reference, f"#{index}", detail.sign)
        else:
            return None
        return CreditId(derived("credit", self._account, *parts))

    def _movement(self, key: CreditId, entry: Entry, detail: Detail) -> Movement:
        return Movement(
            credit_id=key,
            account=self._account,
            amount_rappen=detail.amount_rappen or 0,
            charges_rappen=detail.charges_rappen,
            reference=detail.reference,
            booked_on=entry.booked_on,
            value_on=entry.value_on,
            bank_reference=detail.bank_reference or entry.bank_reference,
            payer=detail.payer,
            text=detail.text,
        )

    def _end(self, element: etree._Element) -> None:
        if not self._account or (self._foreign_account and not self._entries):
            self._wrong("bank_account_unknown", element)

    def _wrong(self, code: str, element: etree._Element, **params: str) -> None:
        if len(self.found) < FINDINGS_MAX:
            self.found.append(broken(code, line=_line(element), params=params))


def _forget(element: etree._Element) -> None:
    """Free what was read: the element, and its like before it."""
    element.clear()
    parent, before = element.getparent(), element.getprevious()
    while parent is not None and before is not None and before.tag == element.tag:
        parent.remove(before)
        before = element.getprevious()


def _line(element: etree._Element) -> int:
    return int(getattr(element, "sourceline", None) or 0)
