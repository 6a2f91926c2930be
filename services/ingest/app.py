"""Ingest, assembled."""

from operator import attrgetter

from libs.runtime.service import Decider, Parts, Service
from services.ingest import api, checks, projections, tables, tariff_projections
from services.ingest.decider import bank, submission, tariffs

SUBMISSION = Decider(
    name="submission",  # streams are named submission-<submission id>, here and nowhere else
    initial=submission.INITIAL,
    decide=submission.decide,
    evolve=submission.evolve,
    key=attrgetter("submission_id"),
)
CREDIT = Decider(
    name="credit",
    initial=bank.CREDIT_INITIAL,
    decide=bank.decide_credit,
    evolve=bank.evolve_credit,
    key=attrgetter("credit_id"),
)
BANK_FILE = Decider(
    name="bankfile",
    initial=bank.FILE_INITIAL,
    decide=bank.decide_file,
    evolve=bank.evolve_file,
    key=attrgetter("file"),
)
TARIFFS = Decider(
    name="tariffs",
    initial=tariffs.INITIAL,
    decide=tariffs.decide,
    evolve=tariffs.evolve,
    key=lambda _command: "all",  # a list is checked against all that were imported before
)


def build(parts: Parts) -> Service:
    """Return the service. It reacts to nothing: what comes in, comes over HTTP."""
    return Service(
        name="ingest",
        first=frozenset({"/bank-files"}),
        deciders=[SUBMISSION, CREDIT, BANK_FILE, TARIFFS],
        projections=[
            projections.project_practices,
            projections.project_submissions,
            projections.project_movements,
            projections.project_bank_files,
            tariff_projections.project_tariffs,
        ],
        tables=tables.metadata,
        router=api.routes(parts),
        checks=[
            checks.every_accepted_message_has_its_row,
            checks.every_movement_stands_in_one_file,
        ],
    )
