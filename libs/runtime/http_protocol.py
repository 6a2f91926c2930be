"""HTTP/1.1 as uvicorn speaks it, deaf to the offer of another protocol.

The HTTP client of the JDK offers `Upgrade: h2c` with its requests over plain HTTP. A server may
ignore an offer (RFC 9110, 7.8), but httptools stops reading at the end of such a head, and uvicorn
then hands on a request without its body. Here the offer is withdrawn and reading goes on: the head
is given to a fresh parser without the headers of the offer, followed by the bytes that had not been
read. A request without an offer pays nothing: all of this happens where the parser has stopped.
"""

import httptools
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

OFFER = frozenset({b"upgrade", b"http2-settings"})


class NoUpgradeProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=NoUpgradeProtocol)`; WebSockets are not among what we serve."""

    @override
    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._read(data)
        except httptools.HttpParserError as error:
            self.unreadable(error)

    def unreadable(self, _: httptools.HttpParserError) -> None:
        """Answer what the parser could not read."""
        self.send_400_response("Invalid HTTP request received.")

    @override
    def on_headers_complete(self) -> None:
        if not self._offered():
            super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        if not self._offered():
            super().on_message_complete()

    def _read(self, data: bytes) -> bytes:
        """Let the parser read; return what it left because the head before it made an offer."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            if self._offered():
                return self._head_without_offer() + data[stopped.args[0] :]
        return b""

    def _offered(self) -> bool:
        """Whether the parser stops at this head for an offer; a tunnel is asked for."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _head_without_offer(self) -> bytes:
        """Return the head just read, as a client without the offer would have sent it."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                kept = [t for t in value.split(b",") if t.strip().lower() not in OFFER]
                if kept:
                    lines.append(b"connection: " + b",".join(kept))
            elif name not in OFFER:
                lines.append(name + b": " + value)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join([*lines, b"", b""])
