"""Serves one service as `quittance serve` does, with letters that cost nothing to print.

python -m tests.chaos.serve invoicing

Printing takes most of the time of a whole invoice, and what chaos asks of it is only that each is
made and recorded once. Letters are still made from their event alone, kept and recorded.
"""

import hashlib
import sys

from libs.paper.invoice import Invoice
from libs.paper.letters import Printed
from libs.runtime.settings import Settings
from services.command import serving
from services.invoicing import letters


def plain(invoice: Invoice) -> letters.Post:
    """Return pages that say which invoice they are for; the same event gives the same bytes."""
    name = hashlib.sha256(f"{invoice.practice} {invoice.number}".encode()).hexdigest()
    return letters.Post(invoice=Printed(f"%PDF {name}".encode(), 1), form=None, copy=None)


if __name__ == "__main__":
    letters.print_post = plain
    serving.distributed(Settings(), sys.argv[1])
