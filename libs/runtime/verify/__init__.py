"""Proves what is stored: logs, read tables, positions, documents, topics (architecture section 10).

Each part can be proved by itself, while the system runs: what is compared with a log is read first
and the log afterwards, so that the log holds all that the other can have heard of it.
"""

from libs.runtime.verify.documents import verify_documents
from libs.runtime.verify.findings import NAMED_MAX, Findings, agree
from libs.runtime.verify.log import verify_chain, verify_head, verify_log
from libs.runtime.verify.positions import at_rest, heads, stands, verify_positions
from libs.runtime.verify.tables import Reach, Unprojected, changes, fold, verify_tables

__all__ = [
    "NAMED_MAX",
    "Findings",
    "Reach",
    "Unprojected",
    "agree",
    "at_rest",
    "changes",
    "fold",
    "heads",
    "stands",
    "verify_chain",
    "verify_documents",
    "verify_head",
    "verify_log",
    "verify_positions",
    "verify_tables",
]
