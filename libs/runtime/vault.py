"""Personal data under a key per subject; the keys live in a store of their own (P34, BR-114)."""

import base64
import hmac
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Engine, LargeBinary, MetaData, String, Table, bindparam, select

from libs.events import Event
from libs.events.values import EventId, Private, SubjectId
from libs.runtime import crash
from libs.runtime.engines import UnsafeSetUp
from libs.runtime.rows import INSERT

E = TypeVar("E", bound=Event)
T = TypeVar("T")

METADATA = MetaData()
SUBJECT_KEYS = Table(
    "subject_keys",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("key", LargeBinary, nullable=True),
    Column("created_at", String, nullable=False),
    Column("destroyed_at", String, nullable=True),
)

FRESH_SECONDS = 5.0
"""How long a key is believed to exist without asking again: erasure acts everywhere within it."""
CACHED_MAX = 50_000
NONCE_BYTES = 12


class Vault:
    """Seals and opens the private fields of events, and names subjects.

    A key is wrapped by the master key, so that a copy of the key store alone opens nothing.
    Raises whatever the key store raises when it cannot be reached: fails closed (F47).
    """

    def __init__(
        self,
        engine: Engine,
        master: bytes,
        now: Callable[[], datetime],
        reader: Engine | None = None,
    ) -> None:
        self._engine = engine
        self._reader = reader or engine
        self._master = AESGCM(master)
        self._secrets = hmac.digest(master, b"quittance derived secrets", "sha256")
        self._pepper = hmac.digest(master, b"quittance subject names", "sha256")
        self._now = now
        self._lock = threading.RLock()
        self._committing = threading.Lock() if reader else self._lock
        """Held over a commit; a lock of its own where readers have a connection of their own."""
        self._asked: set[SubjectId] = set()
        self._known: dict[SubjectId, tuple[float, AESGCM | None]] = {}

    def check(self) -> None:
        """Open one key of the store: a master key that does not fit shows before any work."""
        there = SUBJECT_KEYS.c.key.is_not(None)
        with self._reader.connect().execution_options(reading=True) as db:
            row = db.execute(select(SUBJECT_KEYS).where(there).limit(1)).first()
        if row is not None:
            self._unwrap(row.subject, row.key)

    def close(self) -> None:
        """Let go of the key store."""
        self._engine.dispose()
        self._reader.dispose()

    def pseudonym(self, *parts: str) -> SubjectId:
        """Return the id of the person or case behind these parts; without the key no way back."""
        digest = hmac.digest(self._pepper, "\x1f".join(parts).encode(), "sha256")
        return SubjectId(digest[:16].hex())

    def secret(self, *parts: str) -> bytes:
        """Return the 32 secret bytes that always belong to these parts; kept nowhere (P28)."""
        return hmac.digest(self._secrets, "\x1f".join(parts).encode(), "sha256")

    def seal(self, event: E, event_id: EventId) -> E:
        """Return the event with its private fields as ciphertext."""
        sealed = {
            name: self._sealed(private, event_id, name)
            for name in private_fields(type(event))
            if (private := getattr(event, name)) is not None
        }
        return msgspec.structs.replace(event, **sealed) if sealed else event

    def open_event(self, event: E, event_id: EventId) -> E:
        """Return the event with its private fields readable, or erased where the key is gone."""
        opened: dict[str, Private[Any]] = {}
        for name, inner in private_fields(type(event)).items():
            private = getattr(event, name)
            if private is not None and private.value is None:
                value = self.open(private, event_id, name, inner)
                opened[name] = Private(subject=private.subject, value=value, erased=value is None)
        return msgspec.structs.replace(event, **opened) if opened else event

    def open(self, private: Private[Any], event_id: str, field: str, kind: type[T]) -> T | None:
        """Return the value sealed under that event and field; None once the subject is erased."""
        key = self._keys([private.subject]).get(private.subject)
        if key is None or private.sealed is None:
            return None
        box = private.sealed
        aad = f"{event_id}.{field}".encode()
        plain = key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], aad)
        return msgspec.json.decode(plain, type=kind)

    def look_up(self, subjects: Iterable[SubjectId]) -> None:
        """Read the keys of many subjects at once, so that opening asks for none by itself."""
        self._keys(set(subjects))

    def knows(self, subject: SubjectId) -> bool:
        """Whether the subject has, or had, a key."""
        return subject in self._keys([subject])

    def ensure(self, subjects: Iterable[SubjectId]) -> None:
        """Give every subject a key that has none and was never erased.

        Threads that ask while another one commits are served together by the next commit.
        """
        wanted = set(subjects)
        missing = wanted - set(self._keys(wanted))
        if not missing:
            return
        with self._lock:
            self._asked |= missing
        with self._committing:
            with self._lock:
                todo, self._asked = sorted(self._asked), set()
            if todo:
                try:
                    self._create(todo)
                except BaseException:
                    with self._lock:  # those who wait here asked for some of them: they try again
                        self._asked.update(todo)
                    raise

    def _create(self, subjects: Sequence[SubjectId]) -> None:
        keys = {subject: AESGCM.generate_key(256) for subject in subjects}
        with self._engine.begin() as db:
            statement = INSERT[db.dialect.name](SUBJECT_KEYS).on_conflict_do_nothing()
            rows = [self._new_row(subject, key) for subject, key in keys.items()]
            made = set(db.execute(statement.returning(SUBJECT_KEYS.c.subject), rows).scalars())
            crash.point("keys.before_commit")
        crash.point("keys.after_commit")
        until = monotonic() + FRESH_SECONDS
        with self._lock:
            for subject, key in keys.items():
                if subject in made:
                    self._known[subject] = until, AESGCM(key)
                else:  # somebody else made one, or it was destroyed: the store knows
                    self._known.pop(subject, None)

    def destroy(self, subject: SubjectId) -> bool:
        """Destroy a subject's key for ever; return whether there was one. Repeats are harmless."""
        with self._committing, self._lock, self._engine.begin() as db:
            self._known.pop(subject, None)
            done = db.execute(
                SUBJECT_KEYS.update()
                .where(SUBJECT_KEYS.c.subject == subject, SUBJECT_KEYS.c.destroyed_at.is_(None))
                .values(key=None, destroyed_at=self._now().isoformat())
            )
            return done.rowcount > 0

    def seal_bytes(self, data: bytes, subject: SubjectId, label: str) -> bytes | None:
        """Return data under the subject's key, None if the subject is erased."""
        key = self._sealing_key(subject)
        return None if key is None else _encrypt(key, data, label)

    def open_bytes(self, box: bytes, subject: SubjectId, label: str) -> bytes | None:
        """Return what `seal_bytes` took, None once the subject is erased."""
        key = self._keys([subject]).get(subject)
        if key is None:
            return None
        return key.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], label.encode())

    def _sealed(self, private: Private[Any], event_id: EventId, name: str) -> Private[Any]:
        if private.value is None:
            return private
        key = self._sealing_key(private.subject)
        if key is None:
            return Private(subject=private.subject, erased=True)
        box = _encrypt(key, msgspec.json.encode(private.value), f"{event_id}.{name}")
        return Private(subject=private.subject, sealed=box)

    def _sealing_key(self, subject: SubjectId) -> AESGCM | None:
        """Return a subject's key, None if it was destroyed. Raises if it could not be made."""
        known = self._known.get(subject)
        if known is not None and known[0] > monotonic():
            return known[1]
        self.ensure([subject])
        return self._keys([subject])[subject]

    def _keys(self, subjects: Iterable[SubjectId]) -> Mapping[SubjectId, AESGCM | None]:
        """Return the keys of those that have or had one; None stands for a destroyed key."""
        now = monotonic()
        with self._lock:
            known = self._known
            old = [s for s in subjects if s not in known or known[s][0] < now]
            if old:
                if len(known) > CACHED_MAX:
                    known.clear()
                for start in range(0, len(old), 500):
                    self._load(old[start : start + 500], now + FRESH_SECONDS)
            return {s: known[s][1] for s in subjects if s in known}

    def _load(self, subjects: list[SubjectId], until: float) -> None:
        for subject in subjects:
            self._known.pop(subject, None)
        with self._reader.connect().execution_options(reading=True) as db:
            found = select(SUBJECT_KEYS.c.subject, SUBJECT_KEYS.c.key).where(
                SUBJECT_KEYS.c.subject.in_(bindparam("subjects", expanding=True))
            )
            for subject, wrapped in db.execute(found, {"subjects": subjects}):
                key = None if wrapped is None else AESGCM(self._unwrap(subject, wrapped))
                self._known[SubjectId(subject)] = (until, key)

    def _new_row(self, subject: SubjectId, key: bytes) -> dict[str, Any]:
        wrapped = _encrypt(self._master, key, subject)
        return {"subject": subject, "key": wrapped, "created_at": self._now().isoformat()}

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode()
            )
        except InvalidTag:
            raise UnsafeSetUp(
                "The master key does not fit the key store; restore both from one backup."
            ) from None


def _encrypt(key: AESGCM, data: bytes, label: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, label.encode())


def master_key(path: Path) -> bytes:
    """Return the master key in the file; makes one for the owner alone if there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = base64.b64encode(AESGCM.generate_key(256))
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(made + b"\n")
            file.flush()
            os.fsync(file.fileno())
    key = base64.b64decode(path.read_bytes().strip(), validate=True)
    if len(key) != 32:  # noqa: PLR2004 - AES-256
        raise UnsafeSetUp(f"{path} must hold 32 bytes in base64.")
    return key


@cache
def private_fields(event: type[Event]) -> Mapping[str, type]:
    """Return the fields of a class of events that belong to a subject, with what they hold."""
    found = {}
    for name, annotation in get_type_hints(event).items():
        for part in (annotation, *get_args(annotation)):
            if get_origin(part) is Private:
                found[name] = get_args(part)[0]
    return found


def subjects_of(event: Event) -> Iterator[SubjectId]:
    """Return whose personal fields an event holds."""
    for name in private_fields(type(event)):
        private: Private[Any] | None = getattr(event, name)
        if private is not None:
            yield private.subject


def gone_of(event: Event) -> Iterator[SubjectId]:
    """Return whose personal fields could not be opened in an event that was to be."""
    for name in private_fields(type(event)):
        private: Private[Any] | None = getattr(event, name)
        if private is not None and private.erased:
            yield private.subject
