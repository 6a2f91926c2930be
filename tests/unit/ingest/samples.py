"""Small invoice messages in 4.4, 4.5 and 5.0, right to the rappen, to be changed by tests."""

from datetime import date

TODAY = date(2026, 2, 2)
NS = "http://www.forum-datenaustausch.ch/invoice"
BILLER = "7601000000125"
PROVIDER = "7601000000132"
INSURER = "7601003000009"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

POSTAL_50 = (
    '<i:postal><i:street street_name="Seeweg" house_no="3">Seeweg 3</i:street>'
    "<i:zip>6003</i:zip><i:city>Luzern</i:city></i:postal>"
)
POSTAL_45 = (
    "<i:postal><i:street>Seeweg 3</i:street><i:zip>6003</i:zip><i:city>Luzern</i:city></i:postal>"
)


def person(postal: str, family: str = "Zünd", given: str = "Rahel") -> str:
    return (
        f'<i:person salutation="Frau"><i:familyname>{family}</i:familyname>'
        f"<i:givenname>{given}</i:givenname>{postal}</i:person>"
    )


def company(postal: str, name: str) -> str:
    return f"<i:company><i:companyname>{name}</i:companyname>{postal}</i:company>"


LINES_50 = (
    '<i:service_ex record_id="1" tariff_type="007" code="AA.00.0010" name="Konsultation"'
    f' quantity="1" date_begin="2026-01-20T00:00:00" provider_id="{PROVIDER}"'
    f' responsible_id="{PROVIDER}" unit_mt="10.56" unit_factor_mt="0.97" amount_mt="10.24"'
    ' unit_tt="8.64" unit_factor_tt="0.97" amount_tt="8.38" amount="18.62"/>'
    '<i:service record_id="2" tariff_type="402" code="7680123456781" name="Salbe" quantity="2"'
    f' date_begin="2026-01-20T00:00:00" provider_id="{PROVIDER}" responsible_id="{PROVIDER}"'
    ' unit="8.95" unit_factor="1" amount="17.90" vat_rate="2.6"/>'
)
VAT = (
    '<i:vat vat="0.45" vat_number="CHE108791452"><i:vat_rate vat_rate="0" amount="18.62" vat="0"/>'
    '<i:vat_rate vat_rate="2.6" amount="17.90" vat="0.45"/></i:vat>'
)


def message_50() -> str:
    """Return a TG invoice under KVG of two lines, 36.52, due 36.50."""
    p, praxis = POSTAL_50, company(POSTAL_50, "Praxis am See AG")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<i:request xmlns:i="{NS}" {XSI} xsi:schemaLocation="{NS} generalInvoiceRequest_500.xsd"
 language="de" modus="production" guid="0f1e2d3c4b5a69788796a5b4c3d2e1f0">
<i:processing><i:transport from="{BILLER}" to="2005555555003"/></i:processing>
<i:payload request_type="invoice" request_subtype="normal">
<i:invoice request_timestamp="1769947200" request_date="2026-02-01T00:00:00" request_id="R-1"/>
<i:body role="physician" place="practice">
<i:prolog><i:package name="Praxisprogramm" version="7"/><i:generator name="Ausgabe"/></i:prolog>
<i:remark>Kontrolle</i:remark>
<i:tiers_garant>
<i:billers><i:biller_gln gln="{BILLER}">{praxis}</i:biller_gln>
<i:biller_zsr zsr="C123456">{praxis}</i:biller_zsr></i:billers>
<i:debitor gln="2099999999998">{person(p)}</i:debitor>
<i:providers><i:provider_gln gln="{PROVIDER}" gln_location="{BILLER}">{person(p, "Frey", "Ida")}
</i:provider_gln></i:providers>
<i:insurance gln="{INSURER}">{company(p, "Kasse Muster")}</i:insurance>
<i:patient gender="female" sex="female" birthdate="1980-02-28" ssn="7561234567897">{person(p)}
</i:patient>
<i:guarantor>{person(p)}</i:guarantor>
<i:partners/>
<i:balance currency="CHF" amount="36.52" amount_due="36.50">{VAT}</i:balance>
</i:tiers_garant>
<i:esrQR iban="CH4431999123000889012" reference_number="210000000003139471430009017"
 payment_period="P30D"><i:creditor>{praxis}</i:creditor></i:esrQR>
<i:law type="KVG" insured_id="123.45" card_id="80756015090002647590"/>
<i:treatment date_begin="2026-01-20" date_end="2026-01-20" canton="LU" reason="disease">
<i:diagnosis type="cantonal" code="A1"/></i:treatment>
<i:services>{LINES_50}</i:services>
</i:body></i:payload></i:request>"""


def message_45() -> str:
    """Return the same invoice to the insurer (TP), in 4.5."""
    p, praxis = POSTAL_45, company(POSTAL_45, "Praxis am See AG")
    kasse = company(p, "Kasse Muster")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<i:request xmlns:i="{NS}" {XSI} xsi:schemaLocation="{NS} generalInvoiceRequest_450.xsd"
 language="fr" modus="production">
<i:processing><i:transport from="{BILLER}" to="{INSURER}"><i:via via="7601001304307"
 sequence_id="1"/></i:transport></i:processing>
<i:payload type="invoice" storno="0" copy="0">
<i:invoice request_timestamp="1769947200" request_date="2026-02-01T00:00:00" request_id="R-2"/>
<i:body role="physician" place="practice">
<i:prolog><i:generator name="Ausgabe" version="45"/></i:prolog>
<i:tiers_payant payment_period="P45D">
<i:biller ean_party="{BILLER}" zsr="C123456">{praxis}</i:biller>
<i:debitor ean_party="{INSURER}">{kasse}</i:debitor>
<i:provider ean_party="{PROVIDER}" zsr="C123456">{person(p, "Frey", "Ida")}</i:provider>
<i:insurance ean_party="{INSURER}">{kasse}</i:insurance>
<i:patient gender="female" birthdate="1980-02-28T00:00:00" ssn="7561234567897">{person(p)}
<i:card card_id="80756015090002647590" expiry_date="2027-01-01T00:00:00"/></i:patient>
<i:guarantor>{person(p)}</i:guarantor>
<i:balance currency="CHF" amount="36.52" amount_due="36.50" amount_obligations="36.52">{VAT}
</i:balance>
</i:tiers_payant>
<i:esrQR iban="CH4431999123000889012" reference_number="210000000003139471430009017">
<i:bank>{company(p, "Bank")}</i:bank><i:creditor>{praxis}</i:creditor></i:esrQR>
<i:kvg insured_id="123.45"/>
<i:treatment date_begin="2026-01-20T00:00:00" date_end="2026-01-20T00:00:00" canton="LU"
 reason="disease"><i:diagnosis type="ICD" code="J11">Grippe</i:diagnosis></i:treatment>
<i:services>{LINES_50}</i:services>
</i:body></i:payload></i:request>"""


def message_44() -> str:
    """Return the same invoice in 4.4: balance and slip stand before the parties."""
    p, praxis = POSTAL_45, company(POSTAL_45, "Praxis am See AG")
    lines = LINES_50.replace("i:service_ex", "i:record_tarmed").replace(
        "i:service ", "i:record_drug "
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<i:request xmlns:i="{NS}" {XSI} xsi:schemaLocation="{NS} generalInvoiceRequest_440.xsd"
 language="it" modus="production">
<i:processing><i:transport from="{BILLER}" to="{INSURER}"><i:via via="7601001304307"
 sequence_id="1"/></i:transport></i:processing>
<i:payload type="invoice" storno="0" copy="0">
<i:invoice request_timestamp="1769947200" request_date="2026-02-01T00:00:00" request_id="R-3"/>
<i:body role="physician" place="practice">
<i:prolog><i:generator name="Ausgabe" version="44"/></i:prolog>
<i:balance currency="CHF" amount="36.52" amount_due="36.50" amount_obligations="36.52">{VAT}
</i:balance>
<i:esr9 participant_number="01-162-8" reference_number="21 00000 00003 13947 14300 09017"
 coding_line="0100000036507&gt;210000000003139471430009017+ 010001628&gt;"/>
<i:tiers_garant payment_period="P30D">
<i:biller ean_party="{BILLER}" zsr="C123456" uid_number="CHE108791452">{praxis}</i:biller>
<i:provider ean_party="{PROVIDER}" zsr="C123456">{person(p, "Frey", "Ida")}</i:provider>
<i:patient gender="female" birthdate="1980-02-28T00:00:00" ssn="7561234567897">{person(p)}
</i:patient>
<i:guarantor>{person(p)}</i:guarantor>
</i:tiers_garant>
<i:kvg insured_id="123.45"/>
<i:treatment date_begin="2026-01-20T00:00:00" date_end="2026-01-20T00:00:00" canton="LU"
 reason="disease"><i:diagnosis type="cantonal" code="A1"/></i:treatment>
<i:services>{lines}</i:services>
</i:body></i:payload></i:request>"""


def changed(text: str, *pairs: tuple[str, str]) -> bytes:
    """Return a message with pieces replaced; a piece that is not there is a mistake of the test."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def with_reminder(text: str) -> str:
    """Return a message with the reference of a reminder in it."""
    return text.replace(
        "<i:body ",
        '<i:reminder request_timestamp="1769947300" request_date="2026-02-02T00:00:00"'
        ' request_id="M-1" reminder_level="2"/><i:body ',
    )


def with_attachment(text: str, filename: str, mime: str, content: str) -> bytes:
    """Return a 5.0 message with one document in it."""
    documents = (
        f'<i:documents number="1"><i:document filename="{filename}" documentType="Report"'
        f' mimeType="{mime}"><i:base64>{content}</i:base64></i:document></i:documents>'
    )
    return changed(text, ("</i:body>", f"{documents}</i:body>"))
