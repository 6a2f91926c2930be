"""Loading a stream of 100 events, typed and folded, against the library's `repository.get`."""

from collections.abc import Iterator

import msgspec

from bench.facts import DECODER, TEXT, Count, envelopes, evolve, fact, opened
from bench.library import Member, library
from bench.measure import Figure, rates
from bench.servers import ENGINES, Create

LENGTH = 100
READS = 100
STREAM = "member-1"


def figures() -> Iterator[Figure]:
    for engine, databases in ENGINES:
        with databases() as create:
            yield of_engine(engine, create)


def of_engine(engine: str, create: Create) -> Figure:
    store, app = opened(create("load")), library(create, "es")
    new = [
        msgspec.structs.replace(event, stream=STREAM, version=version)
        for version, event in enumerate(envelopes([fact(1)] * LENGTH), start=1)
    ]
    with store.writing() as db:
        store.append(db, new)
    member = Member(name="1", text=TEXT)
    for number in range(LENGTH - 1):
        member.rename(str(number))
    app.save(member)

    def ours(_: int) -> int:
        for _read in range(READS):
            state, count = Count(), 0
            with store.reading() as db:
                for row in store.tails(db, {STREAM: 0}):
                    state, count = evolve(state, DECODER.decode(row.data)), count + 1
            assert count == LENGTH
        return READS

    def anchor(_: int) -> int:
        for _read in range(READS):
            assert app.repository.get(member.id).version == LENGTH
        return READS

    mine, es = rates(ours, anchor)
    app.close()
    return Figure(
        what=f"{engine}: load a stream of {LENGTH} events, typed",
        ours=mine,
        anchor=es,
        against="es repository.get",
        at_least=3.5,
    )
