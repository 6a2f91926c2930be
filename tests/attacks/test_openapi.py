"""schemathesis against everything that the OpenAPI document says (P20): it must find nothing.

Positive and negative data, boundaries, other methods and headers, and sequences of requests along
the links; `make attack` runs it longer. The same seed asks the same questions.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from libs.events.values import COOPERATIVE, PracticeId
from services.command import importing
from services.gateway.api.examples import example
from services.gateway.decider.client import OPERATOR_SCOPES, PRACTICE_SCOPES
from tests import papers
from tests.attacks.interface import document_of, operations
from tests.attacks.target import Target, attacked
from tests.engines import ROOT, environment
from tests.unit.ingest.samples import BILLER

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = environment("QUITTANCE_ATTACK_EXAMPLES") or "12"
"""Requests an operation and phase; enough for CI, more for `make attack`."""
SEED = environment("QUITTANCE_ATTACK_SEED") or "1"
CALLS_AT_ONCE = 64


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with attacked(
        tmp_path_factory.mktemp("openapi"), reminded=True, requests_each_max=CALLS_AT_ONCE
    ) as running:
        yield running


def operator(target: Target) -> str:
    """Return the token of a program that may do everything for any practice."""
    scopes = sorted(PRACTICE_SCOPES | OPERATOR_SCOPES)
    return target.program(PracticeId(COOPERATIVE), *scopes)[1]


def test_what_the_document_shows_as_examples_is_taken(target: Target) -> None:
    praxis = target.wait(target.made.join(40_112, BILLER, glns=(BILLER,), zsrs=("C123456",)))
    asked = {str(operation): operation for operation in operations(document_of(target))}
    with target.client(praxis.token) as client:
        answer = asked["POST /v1/submissions"].send(client, example("invoice.xml").encode())
        assert answer.status_code == 202, answer.text
        target.wait(importing.take_samples(target.made.system))
        record = asked["POST /v1/service-records"].ask(client)
        assert record.status_code == 202, record.text
        found = asked["GET /v1/tariffs/{tariff}/positions"].ask(client, tariff="402").json()
        assert found["items"]
        parts: dict[str, Any] = {
            "metadata": ("", example("finished.json"), "application/json"),
            "document": ("rechnung.pdf", papers.pdf(), "application/pdf"),
        }
        finished = client.post("/v1/finished-invoices", files=parts)
        assert finished.status_code == 202, finished.text
        template = asked["PUT /v1/sheet-template/positions"].ask(client)
        assert template.json()["version"] == 1, template.text
        settings = asked["PUT /v1/practice/settings/{section}"].ask(client, section="reminding")
        assert settings.status_code == 200, settings.text
    with target.client(operator(target)) as client:
        answer = asked["POST /v1/bank-files"].send(client, example("camt054.xml").encode())
        assert answer.status_code == 200, answer.text
        assert answer.json()["credits"] == {"count": 1, "amount_rappen": 3_650}


def test_p20_schemathesis_finds_nothing(target: Target, tmp_path: Path) -> None:
    account = str(target.made.members[-1].account_no)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{target.url}/v1/openapi.json", "--no-color", "--warnings", "off"),
            *("--header", f"Authorization: Bearer {operator(target)}"),
            *("--header", f"Quittance-Account: {account}"),
            *("--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure"),
        ],
        cwd=tmp_path,
        env={"PATH": environment("PATH") or "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-4_000:]
    assert "Stateful" in done.stdout
    target.still_works()
