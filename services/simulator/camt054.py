"""The bank's notification of credits, camt.054.001.08 after the Swiss Payment Standards.

Receipts with a QR reference come as one collective entry a day with their details, the others one
by one; a credit that is taken back comes as a reversal (payments 3.3 to 3.7).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from services.simulator.markup import francs, truth, written

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
CREDIT, DEBIT = "CRDT", "DBIT"
_COLLECTIVE, _SINGLE, _RETURN = ("RCDT", "VCOM"), ("RCDT", "AUTT"), ("RCDT", "RRTN")


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Money in, or one that the bank takes back."""

    bank_reference: str
    """The bank's own identity of the payment (payments 3.8, number 6)."""
    amount_rappen: int
    reference: str = ""
    payer: str = ""
    text: str = ""
    """Free text, where the payer used no slip."""
    reversal: bool = False


def camt054(number: int, on: date, account: str, receipts: Sequence[Receipt]) -> bytes:
    """Return the file of one day; `number` counts the files of the account without a gap."""
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # stubs forget None
    notice = _sub(root, "BkToCstmrDbtCdtNtfctn")
    header = _sub(notice, "GrpHdr")
    _sub(header, "MsgId", f"C54{on:%Y%m%d}{number:06d}")
    _sub(header, "CreDtTm", f"{on}T18:00:00")
    pages = _sub(header, "MsgPgntn")
    _sub(pages, "PgNb", "1")
    _sub(pages, "LastPgInd", "true")
    _sub(header, "AddtlInf", "SPS/2.2/PROD")
    body = _sub(notice, "Ntfctn")
    _sub(body, "Id", f"N{on:%Y%m%d}{number:06d}")
    _sub(body, "ElctrncSeqNb", str(number))
    _sub(body, "CreDtTm", f"{on}T18:00:00")
    account_ = _sub(body, "Acct")
    _sub(_sub(account_, "Id"), "IBAN", account)
    _sub(account_, "Ccy", "CHF")
    slips = [receipt for receipt in receipts if receipt.reference and not receipt.reversal]
    if slips:
        _entry(body, on, account, slips)
    for receipt in receipts:
        if receipt.reversal or not receipt.reference:
            _entry(body, on, account, [receipt])
    return written(root, "UTF-8")


def _entry(body: etree._Element, on: date, account: str, receipts: Sequence[Receipt]) -> None:
    first = receipts[0]
    total = sum(receipt.amount_rappen for receipt in receipts)
    collective = bool(first.reference) and not first.reversal
    code = _COLLECTIVE if collective else _RETURN if first.reversal else _SINGLE
    sign = DEBIT if first.reversal else CREDIT
    entry = _sub(body, "Ntry")
    _sub(entry, "NtryRef", account)
    _sub(entry, "Amt", francs(total), Ccy="CHF")
    _sub(entry, "CdtDbtInd", sign)
    _sub(entry, "RvslInd", truth(first.reversal))
    _sub(_sub(entry, "Sts"), "Cd", "BOOK")
    _sub(_sub(entry, "BookgDt"), "Dt", f"{on}")
    _sub(_sub(entry, "ValDt"), "Dt", f"{on}")
    _sub(entry, "AcctSvcrRef", f"E{first.bank_reference}")
    _transaction_code(entry, code)
    details = _sub(entry, "NtryDtls")
    batch = _sub(details, "Btch")
    _sub(batch, "NbOfTxs", str(len(receipts)))
    _sub(batch, "TtlAmt", francs(total), Ccy="CHF")
    _sub(batch, "CdtDbtInd", sign)
    for receipt in receipts:
        _detail(details, receipt, sign)


def _transaction_code(entry: etree._Element, code: tuple[str, str]) -> None:
    domain = _sub(_sub(entry, "BkTxCd"), "Domn")
    _sub(domain, "Cd", "PMNT")
    family = _sub(domain, "Fmly")
    _sub(family, "Cd", code[0])
    _sub(family, "SubFmlyCd", code[1])


def _detail(details: etree._Element, receipt: Receipt, sign: str) -> None:
    detail = _sub(details, "TxDtls")
    references = _sub(detail, "Refs")
    _sub(references, "AcctSvcrRef", receipt.bank_reference)
    _sub(references, "EndToEndId", "NOTPROVIDED")
    _sub(detail, "Amt", francs(receipt.amount_rappen), Ccy="CHF")
    _sub(detail, "CdtDbtInd", sign)
    if receipt.payer:
        debtor = _sub(_sub(detail, "RltdPties"), "Dbtr")
        _sub(_sub(debtor, "Pty"), "Nm", receipt.payer)
    remittance = _sub(detail, "RmtInf")
    if receipt.reference:
        structured = _sub(_sub(remittance, "Strd"), "CdtrRefInf")
        _sub(_sub(_sub(structured, "Tp"), "CdOrPrtry"), "Prtry", "QRR")
        _sub(structured, "Ref", receipt.reference)
    else:
        _sub(remittance, "Ustrd", receipt.text or "Rechnung")


def _sub(parent: etree._Element, name: str, text: str = "", /, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if text:
        element.text = text
    return element
