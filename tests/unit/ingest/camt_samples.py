"""Bank files for tests, built as text so that a test can also build wrong ones."""

from dataclasses import dataclass, field

ACCOUNT = "CH5800791123000889012"
QR_IBAN = "CH4431999123000889012"
OURS = frozenset((QR_IBAN,))
QRR = "210000000003139471430009017"


@dataclass(frozen=True, kw_only=True)
class Tx:
    """One detail; an amount of None leaves the element away."""

    amount: str | None = "100.00"
    bank_reference: str = "B1"
    reference: str = QRR
    payer: str = "Rahel Zünd"
    ultimate: str = ""
    sign: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Ntry:
    """One booking."""

    amount: str
    details: tuple[Tx, ...] = ()
    sign: str = "CRDT"
    reversal: bool = False
    status: str = "BOOK"
    bank_reference: str = "E1"
    reference: str = QR_IBAN
    code: tuple[str, str] = ("RCDT", "VCOM")
    currency: str = "CHF"
    count: int | None = None
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class File:
    entries: tuple[Ntry, ...] = field(default=())
    version: str = "08"
    account: str = ACCOUNT
    message_id: str = "M1"
    info: str = "SPS/2.2/PROD"

    def xml(self) -> str:
        entries = "".join(_entry(entry, self.version) for entry in self.entries)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{self.version}">\n'
            f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{self.message_id}</MsgId>"
            "<CreDtTm>2026-02-02T06:00:00</CreDtTm>"
            "<MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn>"
            f"<AddtlInf>{self.info}</AddtlInf></GrpHdr>\n"
            "<Ntfctn><Id>N1</Id><CreDtTm>2026-02-02T06:00:00</CreDtTm>"
            f"<Acct><Id><IBAN>{self.account}</IBAN></Id><Ccy>CHF</Ccy></Acct>\n"
            f"{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
        )

    def bytes(self) -> bytes:
        return self.xml().encode()


def _entry(entry: Ntry, version: str) -> str:
    status = f"<Cd>{entry.status}</Cd>" if version == "08" else entry.status
    reference = f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef>" if entry.bank_reference else ""
    details = "".join(_detail(detail, entry, version) for detail in entry.details)
    count = len(entry.details) if entry.count is None else entry.count
    return (
        f"<Ntry><NtryRef>{entry.reference}</NtryRef>"
        f'<Amt Ccy="{entry.currency}">{entry.amount}</Amt>'
        f"<CdtDbtInd>{entry.sign}</CdtDbtInd><RvslInd>{str(entry.reversal).lower()}</RvslInd>"
        f"<Sts>{status}</Sts><BookgDt><Dt>2026-02-02</Dt></BookgDt><ValDt><Dt>2026-02-03</Dt></ValDt>"
        f"{reference}<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{entry.code[0]}</Cd>"
        f"<SubFmlyCd>{entry.code[1]}</SubFmlyCd></Fmly></Domn></BkTxCd>{entry.more}"
        + (
            f"<NtryDtls><Btch><NbOfTxs>{count}</NbOfTxs></Btch>{details}</NtryDtls>"
            if details
            else ""
        )
        + "</Ntry>\n"
    )


def _detail(detail: Tx, entry: Ntry, version: str) -> str:
    def named(party: str, name: str) -> str:
        inner = f"<Pty><Nm>{name}</Nm></Pty>" if version == "08" else f"<Nm>{name}</Nm>"
        return f"<{party}>{inner}</{party}>" if name else ""

    bank = f"<AcctSvcrRef>{detail.bank_reference}</AcctSvcrRef>" if detail.bank_reference else ""
    amount = "" if detail.amount is None else f'<Amt Ccy="CHF">{detail.amount}</Amt>'
    parties = named("Dbtr", detail.payer) + named("UltmtDbtr", detail.ultimate)
    kind = "<Cd>SCOR</Cd>" if detail.reference.startswith("RF") else "<Prtry>QRR</Prtry>"
    structured = (
        f"<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry>{kind}</CdOrPrtry></Tp>"
        f"<Ref>{detail.reference}</Ref></CdtrRefInf></Strd></RmtInf>"
        if detail.reference
        else "<RmtInf><Ustrd>Rechnung vom Januar</Ustrd></RmtInf>"
    )
    return (
        f"<TxDtls><Refs>{bank}<EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}"
        f"<CdtDbtInd>{detail.sign or entry.sign}</CdtDbtInd>{detail.more}"
        f"<RltdPties>{parties}</RltdPties>{structured}</TxDtls>"
    )
