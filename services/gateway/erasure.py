"""The erasure of a person, carried out: keys are destroyed, then everybody is told (F48)."""

import asyncio

from libs.events import Envelope
from libs.runtime.clock import Clock
from libs.runtime.service import Effect
from libs.runtime.vault import Vault
from services.gateway.decider.subject import EraseSubject, ErasureRequested


def forget(vault: Vault, clock: Clock) -> Effect:
    """Destroy the keys of a person and of what the person's cases left behind.

    Repeats are harmless, and an interrupted one is done again. Whoever else stands in such a case,
    as a parent does who owes for a child, keeps a key of their own.
    """

    def destroy(event: ErasureRequested) -> None:
        for subject in (*event.cases, event.subject):
            vault.destroy(subject)

    async def on_requested(event: ErasureRequested, _envelope: Envelope) -> EraseSubject:
        await asyncio.to_thread(destroy, event)
        return EraseSubject(
            practice_id=event.practice_id, subject=event.subject, today=clock.today()
        )

    return on_requested
