"""What arrives is the same whether or not a client offers to speak HTTP/2 instead."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typing_extensions import override
from uvicorn.server import ServerState

from libs.runtime.http_protocol import NoUpgradeProtocol
from tests.engines import Unavailable, missing

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
FORM = b"grant_type=password&username=praxis&password=geheim"


async def echo(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer with method, path and body, as the application saw them."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = f"{scope['method']} {scope['path']} ".encode() + body
    length = str(len(answer)).encode()
    headers = [(b"content-length", length), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


class Seen(NoUpgradeProtocol):
    """Hands out each connection, so that a test decides where its bytes are cut."""

    made: asyncio.Queue["Seen"]

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self.made.put_nowait(self)


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """Serve `echo` with the protocol under test; give the port."""
    config = uvicorn.Config(echo, lifespan="off", log_config=None)
    config.load()
    Seen.made = asyncio.Queue()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Seen(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def spoken(*segments: bytes, answers: int = 1) -> bytes:
    """Let segments arrive over one connection, each by itself; return all answers."""
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connection = await Seen.made.get()
        for segment in segments:
            connection.data_received(segment)
        found = b""
        for _ in range(answers):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            found += head.split(b"\r\n")[0] + b"|" + await reader.readexactly(length) + b"\n"
        writer.close()
        await writer.wait_closed()
        return found


def post(body: bytes = FORM, extra: bytes = OFFER) -> bytes:
    length = str(len(body)).encode()
    return (
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: "
        + length
        + b"\r\n"
        + extra
        + b"\r\n"
        + body
    )


EXPECTED = b"HTTP/1.1 200 OK|POST /token " + FORM + b"\n"


def test_a_form_with_an_offer_of_http2_arrives_whole() -> None:
    assert asyncio.run(spoken(post())) == EXPECTED


def test_a_form_without_an_offer_arrives_as_ever() -> None:
    assert asyncio.run(spoken(post(extra=b""))) == EXPECTED


@pytest.mark.parametrize("size", [1, 7, 64])
def test_segments_may_be_cut_anywhere(size: int) -> None:
    request = post()
    parts = [request[i : i + size] for i in range(0, len(request), size)]
    assert asyncio.run(spoken(*parts)) == EXPECTED


def test_a_chunked_body_behind_an_offer_arrives_whole() -> None:
    head = b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + OFFER + b"\r\n"
    body = b"%x\r\n" % len(FORM) + FORM + b"\r\n0\r\n\r\n"
    assert asyncio.run(spoken(head, body)) == EXPECTED
    assert asyncio.run(spoken(head + body)) == EXPECTED


def test_an_offer_arrives_over_a_real_socket() -> None:
    async def ask() -> bytes:
        async with served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(post())
            answer = await asyncio.wait_for(reader.readuntil(FORM), 5)
            writer.close()
            await writer.wait_closed()
            return answer

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 200")


def test_requests_in_a_row_each_with_an_offer_are_each_answered() -> None:
    get = b"GET /health HTTP/1.1\r\nHost: a\r\n" + OFFER + b"\r\n"
    found = asyncio.run(spoken(post() + get + post(b"x"), answers=3))
    assert found == EXPECTED + b"HTTP/1.1 200 OK|GET /health \nHTTP/1.1 200 OK|POST /token x\n"


def test_an_offer_does_not_hide_two_lengths() -> None:
    two = post(b"abc", OFFER + b"Content-Length: 4\r\n")
    assert asyncio.run(spoken(two)).startswith(b"HTTP/1.1 400")


def test_a_tunnel_that_is_asked_for_is_not_an_endless_loop() -> None:
    async def tunnel() -> bytes:
        async with served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 5)
            writer.close()
            await writer.wait_closed()
            return line

    assert asyncio.run(tunnel()).startswith(b"HTTP/1.1 ")


JAVA = """
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

public class Token {
    public static void main(String[] given) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < 2; i++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(given[1])).build();
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            System.out.println(answer.statusCode() + "|" + answer.body());
        }
    }
}
"""


def test_the_http_client_of_the_jdk_is_understood_over_plain_http(tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        missing(Unavailable("no java here: the JDK's HTTP client was not tried"))
    source = tmp_path / "Token.java"
    source.write_text(JAVA)

    async def ask() -> str:
        async with served() as port:
            url = f"http://127.0.0.1:{port}/token"
            ran = await asyncio.create_subprocess_exec(
                java, str(source), url, FORM.decode(), stdout=asyncio.subprocess.PIPE
            )
            out, _ = await ran.communicate()
            return out.decode()

    assert asyncio.run(ask()) == f"200|POST /token {FORM.decode()}\n" * 2
