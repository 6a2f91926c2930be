"""The process in which documents are looked at."""

from libs.runtime.apart import serve
from services.ingest.scanned.work import work

serve(work)
