"""Ingest, assembled."""

from operator import attrgetter

from libs.runtime.service import Decider, Parts, Service
from services.ingest import (
    answers,
    api,
    checks,
    delivery_projections,
    job_api,
    job_intake,
    job_projections,
    projections,
    sheet_keying,
    sheet_projections,
    tables,
    tariff_projections,
)
from services.ingest.decider import (
    answer,
    bank,
    delivery,
    job,
    sheet,
    sheet_words,
    submission,
    tariffs,
    template,
)

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
ANSWER = Decider(
    name="answer",
    initial=answer.INITIAL,
    decide=answer.decide,
    evolve=answer.evolve,
    key=attrgetter("answer_id"),
)
SHEET = Decider(
    name="sheet",
    initial=sheet.INITIAL,
    decide=sheet.decide,
    evolve=sheet.evolve,
    key=attrgetter("sheet_id"),
)
TEMPLATE = Decider(
    name="sheettemplate",
    initial=template.INITIAL,
    decide=template.decide,
    evolve=template.evolve,
    key=attrgetter("practice_id"),
)
JOB = Decider(
    name="job",
    initial=job.INITIAL,
    decide=job.decide,
    evolve=job.evolve,
    key=attrgetter("job_id"),
)
TARIFFS = Decider(
    name="tariffs",
    initial=tariffs.INITIAL,
    decide=tariffs.decide,
    evolve=tariffs.evolve,
    key=lambda _command: "all",  # a list is checked against all that were imported before
)
DELIVERY = Decider(
    name="delivery",
    initial=delivery.INITIAL,
    decide=delivery.decide,
    evolve=delivery.evolve,
    key=attrgetter("practice_id"),
)


def build(parts: Parts) -> Service:
    """Return the service. All comes in over HTTP; archives and sheets are worked off behind it."""
    work = job_intake.Work(parts)
    keying = sheet_keying.Work(parts)
    return Service(
        name="ingest",
        first=frozenset({"/bank-files"}),
        large=frozenset({job_api.JOBS}),
        deciders=[SUBMISSION, CREDIT, BANK_FILE, ANSWER, JOB, TARIFFS, DELIVERY, SHEET, TEMPLATE],
        effects={
            job.JobReceived: work.begin,
            job.JobAdvanced: work.go_on,
            job.JobFinished: work.clear,
            sheet_words.SheetKeyed: keying.keyed,
            sheet_words.SheetResolved: keying.resolved,
            sheet_words.SheetTakenIn: keying.taken_in,
        },
        projections=[
            projections.project_practices,
            projections.project_submissions,
            projections.project_movements,
            projections.project_bank_files,
            answers.project_answers,
            job_projections.project_jobs,
            tariff_projections.project_tariffs,
            delivery_projections.project_plans,
            delivery_projections.project_missed,
            sheet_projections.project_sheets,
            sheet_projections.project_templates,
        ],
        due=[delivery_projections.batches_due],
        tables=tables.metadata,
        router=api.routes(parts),
        checks=[
            checks.every_accepted_message_has_its_row,
            checks.every_movement_stands_in_one_file,
        ],
    )
