"""What the gateway tells ingest of the practice that hands in, so that a body need not say it."""

import json

from libs.events.values import PracticeId
from libs.records import Biller
from libs.records.biller import HEADER, told
from services.gateway.door import Door
from services.gateway.portal import queries


async def biller_header(door: Door, practice: PracticeId) -> dict[str, str]:
    """Return the header that names a practice as its invoices do."""
    row = await door.read(queries.practice, practice)
    assert row is not None, "whoever was admitted for a practice has one"
    glns, zsrs = json.loads(row.glns), json.loads(row.zsrs)
    biller = Biller(
        account_no=row.account_no,
        gln=glns[0] if glns else "",
        zsr=zsrs[0] if zsrs else "",
        kind=row.kind,
        canton=row.canton,
        language=row.language,
        vat_number=row.vat_number,
    )
    return {HEADER: told(biller)}
