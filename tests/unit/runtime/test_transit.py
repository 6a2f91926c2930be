"""Large things on their way: sealed in pieces, read from any place, gone for good (BR-114)."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, func, select

from libs.runtime.clock import Clock
from libs.runtime.engines import open_engine
from libs.runtime.transit import PIECE_BYTES, Incoming, Transit
from libs.runtime.vault import METADATA, SUBJECT_KEYS, Vault

SECRET = b"Kanarienvogel"
DATA = SECRET * (5 * PIECE_BYTES // (2 * len(SECRET)))
"""Two pieces and a half."""


@pytest.fixture
def keys() -> Iterator[Engine]:
    engine = open_engine("sqlite://")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def transit(keys: Engine, tmp_path: Path) -> Transit:
    return Transit(tmp_path, Vault(keys, b"k" * 32, Clock().now))


def alive(keys: Engine) -> int:
    """Count the keys that open something."""
    with keys.connect() as db:
        wanted = select(func.count()).where(SUBJECT_KEYS.c.destroyed_at.is_(None))
        return db.execute(wanted.select_from(SUBJECT_KEYS)).scalar_one()


async def come(transit: Transit, data: bytes, step: int = 100_000) -> Incoming:
    incoming = transit.begin()
    for start in range(0, len(data), step):
        await incoming.write(data[start : start + step])
    await incoming.whole()
    return incoming


def test_what_came_in_is_read_from_any_place_and_lies_sealed(
    transit: Transit, tmp_path: Path
) -> None:
    async def scene() -> None:
        incoming = await come(transit, DATA)
        assert incoming.size_bytes == len(DATA)
        await incoming.keep("job")

    asyncio.run(scene())
    kept = transit.open("job")
    assert kept.size_bytes == len(DATA)
    ends = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, len(DATA) - 1, len(DATA))
    for start in ends:
        for length in (0, 1, 30, PIECE_BYTES, 2 * PIECE_BYTES + 5, len(DATA)):
            assert kept.read_at(start, length) == DATA[start : start + length]
    kept.close()
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert SECRET not in file.read_bytes()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES])
def test_a_size_at_the_edge_of_a_piece_is_that_size(transit: Transit, size: int) -> None:
    data = b"x" * size

    async def scene() -> None:
        await (await come(transit, data)).keep("job")

    asyncio.run(scene())
    kept = transit.open("job")
    assert (kept.size_bytes, kept.read_at(0, size + 1)) == (size, data)
    kept.close()


def test_what_is_discarded_or_dropped_leaves_neither_file_nor_key(
    transit: Transit, keys: Engine, tmp_path: Path
) -> None:
    async def scene() -> None:
        incoming = await come(transit, DATA)
        reader = incoming.opened()
        assert reader.read_at(0, len(SECRET)) == SECRET
        reader.close()
        await incoming.discard()
        await transit.begin().discard()
        kept = await come(transit, DATA)
        await kept.keep("job")
        await kept.discard()

    asyncio.run(scene())
    assert transit.has("job"), "discarding what is kept changes nothing"
    assert alive(keys) == 1
    for _ in range(2):
        transit.drop("job")
    assert alive(keys) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(FileNotFoundError):
        transit.open("job")


def test_what_never_became_whole_is_swept_once_it_is_old(
    transit: Transit, keys: Engine, tmp_path: Path
) -> None:
    async def scene() -> None:
        for name in ("old", "young", "job"):
            await (await come(transit, DATA)).keep(name)

    asyncio.run(scene())
    old, young = (
        transit.path(name).rename(tmp_path / "transit" / f"{name}.part")
        for name in ("old", "young")
    )
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    os.utime(old, (long_ago.timestamp(), long_ago.timestamp()))
    transit.sweep(long_ago + timedelta(days=1))
    assert (old.exists(), young.exists(), transit.has("job")) == (False, True, True)
    assert alive(keys) == 2


def test_a_changed_byte_opens_nothing(transit: Transit) -> None:
    async def scene() -> None:
        await (await come(transit, DATA)).keep("job")

    asyncio.run(scene())
    path = transit.path("job")
    data = bytearray(path.read_bytes())
    data[PIECE_BYTES + 200] ^= 1
    path.write_bytes(data)
    kept = transit.open("job")
    assert kept.read_at(0, 10) == DATA[:10]
    with pytest.raises(InvalidTag):
        kept.read_at(PIECE_BYTES + 1, 10)
    kept.close()
