"""Hostile and broken messages, for the parser alone and for the whole system."""

from tests.unit.ingest.samples import changed, message_50


def with_doctype(doctype: str, *, encoding: str = "utf-8") -> bytes:
    head, _, rest = message_50().partition("?>")
    text = head.replace("UTF-8", encoding) + "?>" + doctype + rest
    return text.encode(encoding)


DOCTYPES = {
    "empty": "<!DOCTYPE i:request>",
    "internal": "<!DOCTYPE i:request []>",
    "element": "<!DOCTYPE i:request [<!ELEMENT x ANY>]>",
    "entity": '<!DOCTYPE i:request [<!ENTITY e "x">]>',
    "parameter": '<!DOCTYPE i:request [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
    "system": '<!DOCTYPE i:request SYSTEM "http://127.0.0.1:9/x.dtd">',
    "public": '<!DOCTYPE i:request PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x">',
    "html": "<!DOCTYPE html>",
    "attlist": '<!DOCTYPE i:request [<!ATTLIST i:request modus CDATA "production">]>',
    "notation": '<!DOCTYPE i:request [<!NOTATION n SYSTEM "x">]>',
    "spaces": "  \n\n<!DOCTYPE\ti:request>",
    "after comment": "<!-- a --><!DOCTYPE i:request>",
}

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l12;</a>',
    "quadratic": f'<!DOCTYPE a [<!ENTITY e "{"x" * 500_000}">]><a>{"&e;" * 50_000}</a>',
    "attribute": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l12;"/>',
    "loop": '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>',
}

BROKEN = {
    "truncated": message_50()[:-30].encode(),
    "two roots": (message_50() + "<a/>").encode(),
    "junk after": (message_50() + "junk").encode(),
    "unclosed": b"<a><b></a>",
    "no markup": b"nothing of the kind",
    "undefined entity": changed(message_50(), ("Kontrolle", "&nbsp;")),
    "attribute twice": b'<a b="1" b="2"/>',
    "unbound prefix": b"<x:a/>",
}

ENCODINGS = {
    "utf-7": message_50().replace("UTF-8", "UTF-7").encode(),
    "unknown": message_50().replace("UTF-8", "no-such-thing").encode(),
    "shift_jis": message_50().replace("UTF-8", "shift_jis").encode("utf-8"),
    "utf-32": message_50().encode("utf-32"),
    "utf-32-be": message_50().encode("utf-32-be"),
    "ebcdic": message_50().replace("UTF-8", "cp037").encode("cp037", "replace"),
    "mislabelled": message_50().replace("UTF-8", "utf-16").encode(),
}

FORMATS = {
    "zip": b"PK\x03\x04rest",
    "gzip": b"\x1f\x8b\x08rest",
    "pdf": b"%PDF-1.7",
    "elf": b"\x7fELF\x02",
    "png": b"\x89PNG\r\n",
}

CONTROLS = ("\x00", "\x01", "\x1f", "&#0;", "&#1;", "&#xD800;", "\ufffe")

INVOICE_NS = "http://www.forum-datenaustausch.ch/invoice"
OTHER_MESSAGES = (
    (INVOICE_NS, "http://www.forum-datenaustausch.ch/credit"),
    (INVOICE_NS, "http://www.xmlData.ch/xmlInvoice/XSD"),
    ("i:request", "i:response"),
    ("i:request", "i:anything"),
)

NO_AMOUNTS = (
    *("NaN", "INF", "-INF", "1e308", "1E+2", "100.005", "1_000", "١٢", "1,50", "9" * 60, ""),
)
NO_NUMBERS = ("NaN", "INF", "1e5", "1_0", "٣")
FILE_NAMES = ("../../etc/passwd", "<b>x</b>", "\u202egpj.exe", "x" * 300)
PDF = "JVBERi0xLjcK"
"""The beginning of a PDF in base64."""
