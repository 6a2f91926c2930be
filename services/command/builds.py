"""All services, by name: the only place that lists them."""

from collections.abc import Mapping

from libs.runtime.system import Build
from services.dunning import app as dunning
from services.factoring import app as factoring
from services.gateway import app as gateway
from services.ingest import app as ingest
from services.invoicing import app as invoicing

BUILDS: Mapping[str, Build] = {
    "ingest": ingest.build,
    "invoicing": invoicing.build,
    "dunning": dunning.build,
    "factoring": factoring.build,
    "gateway": gateway.build,
}
"""In the order of the calendar's work: what came in first, whose money it is last."""
