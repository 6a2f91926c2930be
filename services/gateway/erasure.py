"""The erasure of a person, carried out: the key is destroyed, then everybody is told (F48)."""

import asyncio

from libs.events import Envelope
from libs.runtime.clock import Clock
from libs.runtime.service import Effect
from libs.runtime.vault import Vault
from services.gateway.decider.subject import EraseSubject, ErasureRequested


def forget(vault: Vault, clock: Clock) -> Effect:
    """Destroy a person's key. Repeats are harmless, and an interrupted one is done again."""

    async def on_requested(event: ErasureRequested, _envelope: Envelope) -> EraseSubject:
        await asyncio.to_thread(vault.destroy, event.subject)
        return EraseSubject(
            practice_id=event.practice_id, subject=event.subject, today=clock.today()
        )

    return on_requested
