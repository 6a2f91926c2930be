"""HTTP by hand: bytes on a socket, and whatever comes back until the server closes."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE = 60
"""Seconds after which a connection that should have been closed has failed its test."""


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem document."""
        assert self.headers["content-type"] == "application/problem+json", self.headers
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        assert document["request_id"] == self.headers["x-request-id"]
        return str(document["code"])


class Wire:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, data: bytes) -> bool:
        """Send bytes; return whether the server still takes any."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def until_closed(self) -> float:
        """Read until the server closes; return how long that took."""
        begun = time.monotonic()
        try:
            while more := self.socket.recv(65_536):
                self.data += more
        except ConnectionResetError:
            pass
        return time.monotonic() - begun

    def until(self, text: bytes) -> None:
        """Read until something has come."""
        while text not in self.data:
            more = self.socket.recv(65_536)
            assert more, f"the server closed before it said {text!r}: {self.data!r}"
            self.data += more

    @property
    def answers(self) -> list[Answer]:
        """Return the answers in what was read; none may be cut off."""
        found, rest = [], self.data
        while rest:
            head, mark, rest = rest.partition(b"\r\n\r\n")
            assert mark, head
            first, *lines = head.decode("latin-1").split("\r\n")
            version, status, _ = first.split(" ", 2)
            assert version == "HTTP/1.1"
            headers = {}
            for line in lines:
                name, _, value = line.partition(": ")
                assert name not in headers, f"{name} stands twice"
                headers[name] = value
            length = int(headers.get("content-length", 0))
            assert len(rest) >= length, "an answer was cut off"
            found.append(Answer(int(status), headers, rest[:length]))
            rest = rest[length:]
        return found


@contextmanager
def wire(address: tuple[str, int]) -> Iterator[Wire]:
    """Connect, and close whatever came of it."""
    made = Wire(address)
    with made.socket:
        yield made


def head(line: str, *headers: str, host: str = "127.0.0.1") -> bytes:
    """Return a request's head with its host."""
    lines = [f"{line} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()
