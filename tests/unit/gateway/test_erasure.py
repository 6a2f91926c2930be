"""The erasure of a person on a real key store: everything goes, nothing else, whenever it stops."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from libs.events.values import PracticeId, SubjectId
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.vault import METADATA, Vault
from services.gateway.decider.subject import EraseSubject, ErasureRequested
from services.gateway.erasure import forget
from tests.unit.gateway.facts import said

DAY = date(2026, 3, 2)
CHILD, PARENT, FIRST, SECOND, OTHER = map(SubjectId, ("child", "parent", "case-1", "case-2", "x"))
ASKED = ErasureRequested(
    practice_id=PracticeId("p"), subject=CHILD, on=DAY, by="dpo", cases=(FIRST, SECOND)
)


class PowerCut(Exception):
    pass


def test_an_interrupted_erasure_is_carried_to_its_end_and_reaches_nobody_else_f48() -> None:
    clock = MovableClock()
    clock.set_day(DAY)
    engine = open_engine("sqlite://")
    METADATA.create_all(engine)
    vault = Vault(engine, b"k" * 32, clock.now)
    sealed = {
        one: vault.seal_bytes(b"words", one, "label")
        for one in (CHILD, PARENT, FIRST, SECOND, OTHER)
    }
    effect = forget(vault, clock)

    async def carry_out() -> Any:
        return await effect(ASKED, said(ASKED))

    def cut(*_: object) -> None:
        raise PowerCut

    def readable() -> set[SubjectId]:
        return {one for one, box in sealed.items() if box and vault.open_bytes(box, one, "label")}

    assert vault.destroy(FIRST)  # as far as an earlier run came
    event.listen(engine, "commit", cut)
    with pytest.raises(PowerCut):
        asyncio.run(carry_out())
    event.remove(engine, "commit", cut)
    assert readable() == {CHILD, SECOND, PARENT, OTHER}
    end = EraseSubject(practice_id=ASKED.practice_id, subject=CHILD, today=DAY)
    for _ in range(2):
        assert asyncio.run(carry_out()) == end
        assert readable() == {PARENT, OTHER}
    engine.dispose()
