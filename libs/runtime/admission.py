"""Who is let in while much is going on: a bounded number at a time, in all and of each (P41).

What waits behind too much work is answered too late to be of use, so that it is refused at once,
before its body is read: 503 when all is full, 429 when one practice has its share. Only what is
being worked on counts. A request that waits for its client's bytes holds no place of all, or a few
slow clients would shut everybody out; it holds one of its practice's places and its bytes. So does
one that waits for something to happen.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from starlette.requests import HTTPConnection

from libs.runtime.problems import RETRY_SECONDS, Problem

EACH_RETRY_SECONDS = "1"
RESERVED = 4
"""What goes first may use a quarter more places than all others."""


class Admission:
    """The places of one HTTP interface."""

    def __init__(self, all_max: int, each_max: int, bytes_max: int) -> None:
        self.all_max = all_max
        self.each_max = each_max
        self.bytes_max = bytes_max
        self.working = 0
        self.bytes = 0
        self.of_each: Counter[str] = Counter()
        """Requests by practice, and by credential as long as they last; never written anywhere."""

    def enter(self, shown: str = "", *, first: bool = False) -> "Seat":
        """Return the place of a request; a 429 or 503 problem when there is none.

        What it shows as its credential counts at once: until that is looked up nobody knows whose
        it is, and one loud practice's requests would fill all places in the meantime.
        """
        places = self.all_max + (self.all_max // RESERVED if first else 0)
        if shown and not first:
            self.check(shown)
        if self.working >= places:
            raise _busy()
        self.working += 1
        seat = Seat(self, first=first)
        if shown and not first:
            seat.claim(shown)
        return seat

    def check(self, who: str) -> None:
        """Raise a 429 problem when one has as many places as it may."""
        if self.of_each[who] >= self.each_max:
            detail = f"At most {self.each_max} requests of a practice are worked on at a time."
            raise Problem(429, "too_many_requests", detail, {"Retry-After": EACH_RETRY_SECONDS})


class Seat:
    """One request's place; `leave` gives back all that it holds."""

    def __init__(self, admission: Admission, *, first: bool) -> None:
        self._admission = admission
        self._first = first
        self._names: set[str] = set()
        self._bytes = 0

    def claim(self, who: str) -> None:
        """Count for a practice, once; a 429 problem when it has as many as it may."""
        if who in self._names:
            return
        self._admission.check(who)
        self._admission.of_each[who] += 1
        self._names.add(who)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Hold no place of all while the client's bytes are waited for."""
        self._admission.working -= 1
        try:
            yield
        finally:
            self._admission.working += 1

    def take(self, size: int) -> None:
        """Count bytes that are kept for the request; a 503 problem when all hold too many."""
        admission = self._admission
        if not self._first and admission.bytes + size > admission.bytes_max:
            raise _busy()
        self._bytes += size
        admission.bytes += size

    def leave(self) -> None:
        """Give everything back."""
        admission = self._admission
        admission.working -= 1
        admission.bytes -= self._bytes
        for who in self._names:
            admission.of_each[who] -= 1
            if not admission.of_each[who]:
                del admission.of_each[who]


def claim(connection: HTTPConnection, who: str) -> None:
    """Count a request for a practice as soon as it is known whose it is: before its body."""
    seat: Seat | None = getattr(connection.state, "seat", None)
    if seat is not None:
        seat.claim(who)


@contextmanager
def away(connection: HTTPConnection) -> Iterator[None]:
    """Hold no place of all while a request waits for something to happen."""
    seat: Seat | None = getattr(connection.state, "seat", None)
    with seat.away() if seat is not None else nullcontext():
        yield


def _busy() -> Problem:
    detail = "Too much is being worked on; send the request again in a moment."
    return Problem(503, "busy", detail, {"Retry-After": RETRY_SECONDS})
