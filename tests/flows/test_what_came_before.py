"""What the records add to the verdict on a message: repeats of three kinds, attachments, VAT."""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as structs_replace

from libs.runtime.tables import EVENTS
from services.ingest import subjects
from tests.ingest_door import PRACTICE, STRANGER, Scene, at_ingest, registered, submit
from tests.speaker import Among
from tests.unit.ingest.samples import BILLER, changed, message_50, with_attachment

PDF = b"%PDF-1.7 report of Zuend"


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[Scene], None]:
    """Run a scene on an empty folder."""
    return partial(at_ingest, tmp_path)


def renumbered(number: str, timestamp: str = "1769947200", *pairs: tuple[str, str]) -> bytes:
    """Return the sample invoice under another number."""
    return changed(
        message_50(), ('"R-1"', f'"{number}"'), ('"1769947200"', f'"{timestamp}"'), *pairs
    )


def warned(answer: Any) -> list[str]:
    return [finding["code"] for finding in answer.json()["findings"]]


def test_three_kinds_of_repeats_get_three_answers_that_name_the_first_receipt(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        first = (await submit(among, message_50().encode())).json()
        same = await submit(among, message_50().encode())
        assert (same.status_code, same.json()) == (200, first | {"repeated": True})
        other = await submit(among, changed(message_50(), ("Kontrolle", "Nachkontrolle")))
        assert (other.status_code, other.json()["code"]) == (409, "duplicate_invoice_conflict")
        assert first["submission_id"] in other.json()["detail"]
        alike = await submit(among, renumbered("R-2"), Accept_Language="en")
        assert alike.status_code == 202
        (finding,) = alike.json()["findings"]
        assert (finding["code"], finding["severity"]) == ("likely_duplicate", "warning")
        assert finding["params"] == {
            "earlier": first["submission_id"], "on": "2026-02-02", "number": "R-1",
        }  # fmt: skip
        assert "handed in on 2026-02-02 as invoice R-1" in finding["message"]

    walk(scene)


def test_exported_again_with_a_new_timestamp_it_is_the_same_treatment(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        await submit(among, message_50().encode())
        assert warned(await submit(among, renumbered("R-1", "1769947201"))) == ["likely_duplicate"]

    walk(scene)


@pytest.mark.parametrize(
    "pairs",
    [
        [('ssn="7561234567897"', 'ssn="7569217076985"')],
        [("2026-01-20", "2026-01-21")],
        [('code="AA.00.0010"', 'code="AA.00.0020"')],
    ],
)
def test_another_patient_day_or_service_is_another_treatment(
    walk: Callable[[Scene], None], pairs: list[tuple[str, str]]
) -> None:
    async def scene(among: Among) -> None:
        await submit(among, message_50().encode())
        answer = await submit(among, renumbered("R-2", "1769947200", *pairs))
        assert (answer.status_code, warned(answer)) == (202, [])

    walk(scene)


def test_what_was_cancelled_copied_or_only_a_test_makes_no_double(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        test = changed(message_50(), ('modus="production"', 'modus="test"'))
        assert (await submit(among, test)).status_code == 202
        assert warned(await submit(among, message_50().encode())) == []
        copy = changed(message_50(), ('subtype="normal"', 'subtype="copy"'))
        assert warned(await submit(among, copy)) == []
        storno = changed(message_50(), ('subtype="normal"', 'subtype="storno"'))
        assert warned(await submit(among, storno)) == ["storno_unsigned"]
        corrected = await submit(among, renumbered("R-2"))
        assert (corrected.status_code, warned(corrected)) == (202, [])

    walk(scene)


def test_another_practices_invoice_is_no_double_and_is_not_named(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        await submit(among, message_50().encode())
        others = message_50().replace(BILLER, "7601000000149").encode()
        answer = await submit(among, others, STRANGER)
        assert (answer.status_code, warned(answer)) == (202, [])

    walk(scene)


def test_p35_the_fingerprint_of_a_treatment_tells_nothing_without_the_key(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        await submit(among, message_50().encode())

        def stored(db: Any) -> list[str]:
            wanted = EVENTS.select().where(EVENTS.c.type == "SubmissionAccepted")
            return [row.data.decode() for row in db.execute(wanted)]

        (event,) = await among.host.read(stored)
        assert '"likeness":"' in event
        assert not any(word in event for word in ("7561234567897", "1980-02-28", "AA.00.0010"))

    walk(scene)


@pytest.mark.parametrize("subtype", ["storno", "copy"])
def test_what_is_about_an_invoice_that_never_came_in_is_named(
    walk: Callable[[Scene], None], subtype: str
) -> None:
    async def scene(among: Among) -> None:
        data = changed(message_50(), ('subtype="normal"', f'subtype="{subtype}"'))
        answer = await submit(among, data)
        assert answer.status_code == 202
        assert "reference_unknown" in warned(answer)

    walk(scene)


def test_br50_vat_without_any_number_is_refused_and_with_a_registered_one_named(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        data = changed(message_50(), (' vat_number="CHE108791452"', ""))
        refused = await submit(among, data)
        assert (refused.status_code, refused.json()["code"]) == (422, "VAT_WITHOUT_NUMBER")
        taxable = registered(PRACTICE, 40_112, BILLER)
        await among.hear(structs_replace(taxable, vat_number="CHE108791452"))
        accepted = await submit(among, data)
        assert (accepted.status_code, warned(accepted)) == (202, ["VAT_WITHOUT_NUMBER"])

    walk(scene)


def test_b28_attachments_are_kept_apart_and_go_with_their_case(
    walk: Callable[[Scene], None],
) -> None:
    async def scene(among: Among) -> None:
        content = base64.b64encode(PDF).decode()
        data = with_attachment(message_50(), "Zuend.pdf", "application/pdf", content)
        other = data.replace(b'"R-1"', b'"R-2"').replace(b"2026-01-20", b"2026-01-21")
        first, second = (await submit(among, data)).json(), (await submit(among, other)).json()
        path = f"/submissions/{first['submission_id']}"
        assert (await among.get(f"{path}/content", PRACTICE)).content == data
        (item,) = (await among.get(f"{path}/attachments", PRACTICE)).json()["items"]
        assert (item["number"], item["media_type"], item["size_bytes"]) == (
            1, "application/pdf", len(PDF),
        )  # fmt: skip
        assert (item["title"], item["filename"]) == ("Report", "Zuend.pdf")
        got = await among.get(f"{path}/attachments/1", PRACTICE)
        assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
        for number, practice, status in (
            (2, PRACTICE, 404),
            (1, STRANGER, 404),
            (0, PRACTICE, 422),
        ):
            answer = await among.get(f"{path}/attachments/{number}", practice)
            assert answer.status_code == status
        assert (await among.get(f"{path}/attachments", STRANGER)).status_code == 404
        vault = among.system.vault
        assert vault.destroy(subjects.case(vault, first["invoice_id"]))
        assert (await among.get(f"{path}/attachments/1", PRACTICE)).status_code == 410
        (erased,) = (await among.get(f"{path}/attachments", PRACTICE)).json()["items"]
        assert (erased["title"], erased["filename"]) == (None, None)
        # The same report came with another case, of which nothing was forgotten.
        kept = await among.get(f"/submissions/{second['submission_id']}/attachments/1", PRACTICE)
        assert (kept.status_code, kept.content) == (200, PDF)

    walk(scene)
