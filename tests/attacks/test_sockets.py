"""Bytes that no client of ours sends, on real sockets of the real server (P20, B45 to B49).

Each gets the answer that its row names, exactly one, and a connection that ends within its limit.
"""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from libs.runtime.connections import LINGER_SECONDS
from tests.attacks.target import Target, attacked
from tests.attacks.wire import Wire, head, wire
from tests.distributed.processes import eventually

LIMIT = 2
"""Seconds that the server under attack gives for a head, a body, and silence."""
SLOWLY = 20
"""Seconds within which a connection has ended, on a machine that others use too."""
LIVE = head("GET /health/live")
LAST = head("GET /health/live", "Connection: close")
IDLE = 1_000
CONNECTIONS_MAX = 1_050


@pytest.fixture(scope="module", autouse=True)
def _many_files() -> None:
    """Let this process have both ends of many connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(
        tmp_path_factory.mktemp("sockets"),
        request_seconds_max=LIMIT,
        idle_seconds_max=LIMIT,
        names="127.0.0.1,gateway,quittance.example",
    ) as running:
        yield running


@pytest.fixture
def line(target: Target) -> Iterator[Wire]:
    with wire(target.address) as made:
        yield made


def post(*headers: str, body: bytes = b"", host: str = "127.0.0.1") -> bytes:
    return head("POST /v1/submissions", *headers, host=host) + body


CHUNKED = "Transfer-Encoding: chunked"
NO_HTTP = {
    "length and chunks": post("Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and length": post(CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n"),
    "two lengths": post("Content-Length: 3", "Content-Length: 4", body=b"abc"),
    "a length twice": post("Content-Length: 3", "Content-Length: 3", body=b"abc"),
    "a list of lengths": post("Content-Length: 3, 3", body=b"abc"),
    "a length with a sign": post("Content-Length: +3", body=b"abc"),
    "a length below zero": post("Content-Length: -1"),
    "a length in hex": post("Content-Length: 0x3", body=b"abc"),
    "a length beyond counting": post("Content-Length: " + "9" * 30),
    "a chunk of no number": post(CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"),
    "a chunk with a sign": post(CHUNKED, body=b"+3\r\nabc\r\n0\r\n\r\n"),
    "a chunk in C's hex": post(CHUNKED, body=b"0x3\r\nabc\r\n0\r\n\r\n"),
    "a chunk beyond counting": post(CHUNKED, body=b"f" * 20 + b"\r\nabc"),
    "a chunk longer than said": post(CHUNKED, body=b"3\r\nabcdef\r\n0\r\n\r\n"),
    "chunked twice": post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "packed after chunks": post("Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a blank before the colon": head("GET /health/live", "X-One : 1"),
    "a folded header": head("GET /health/live", "X-One: 1", " 2"),
    "lines without CR": LIVE.replace(b"\r\n", b"\n"),
    "a CR within a value": head("GET /health/live", "X-One: 1\rX-Two: 2"),
    "a NUL within a value": head("GET /health/live", "X-One: 1\0"),
    "a header without colon": head("GET /health/live", "X-One"),
    "a header without name": head("GET /health/live", ": 1"),
    "no host": b"GET /health/live HTTP/1.1\r\n\r\n",
    "two hosts": head("GET /health/live", "Host: quittance.example"),
    "HTTP/1.2": LIVE.replace(b"HTTP/1.1", b"HTTP/1.2"),
    "a target with a blank": head("GET /health /live"),
    "a target without a slash": head("GET health/live"),
    "a tunnel": head("CONNECT 127.0.0.1:22"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP)
def test_b45_b46_what_is_no_http_gets_400_once_and_nothing_behind_it(
    target: Target, data: bytes
) -> None:
    before = target.events()
    with wire(target.address) as line:
        line.send(data + LAST)
        assert line.until_closed() < SLOWLY
    (answer,) = line.answers
    assert (answer.status, answer.code) == (400, "bad_request")
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert target.events() == before


OTHERS = {
    "HTTP/0.9": (b"GET /health/live\r\n\r\n", 505, "version_unsupported"),
    "HTTP/2.0": (LIVE.replace(b"HTTP/1.1", b"HTTP/2.0"), 505, "version_unsupported"),
    "identity": (post("Transfer-Encoding: identity", body=b"abc"), 501, "coding_unsupported"),
    "xchunked": (post("Transfer-Encoding: xchunked"), 501, "coding_unsupported"),
    "packed chunks": (post("Transfer-Encoding: gzip, chunked"), 501, "coding_unsupported"),
    "a word that is no method": (head("FETCH /health/live"), 501, "method_unknown"),
    "a method in small letters": (head("get /health/live"), 501, "method_unknown"),
    "a long value": (head("GET /health/live", "X-One: " + "x" * 17_000), 431, "headers_too_large"),
    "many headers": (
        head("GET /health/live", *(f"X-{number}: 1" for number in range(110))),
        431,
        "headers_too_large",
    ),
}


@pytest.mark.parametrize(("data", "status", "code"), OTHERS.values(), ids=OTHERS)
def test_b47_b49_a_head_that_is_not_taken_is_told_why(
    line: Wire, data: bytes, status: int, code: str
) -> None:
    line.send(data + LAST)
    assert line.until_closed() < SLOWLY
    (answer,) = line.answers
    assert (answer.status, answer.code) == (status, code)


def test_b46_a_host_that_is_not_ours_is_not_answered_and_no_link_is_made_of_one(
    line: Wire,
) -> None:
    line.send(head("GET /login", host="evil.example"))
    line.send(head("GET /", "Connection: close", host="quittance.example:8080"))
    line.until_closed()
    foreign, ours = line.answers
    assert (foreign.status, foreign.code) == (421, "misdirected")
    assert (ours.status, ours.headers["location"]) == (303, "/login")


def test_b46_a_target_in_absolute_form_is_its_path_and_nothing_else(line: Wire) -> None:
    line.send(head("GET http://evil.example/health/live?a=1", "Connection: close"))
    line.until_closed()
    (answer,) = line.answers
    assert (answer.status, answer.body) == (200, b'{"status":"live"}')


@pytest.mark.parametrize(
    "begun", [b"GET /health/live HTTP/1.1\r\nX-One: ", b"GET /health/live?"], ids=["head", "target"]
)
def test_b47_a_head_without_end_is_not_collected(line: Wire, begun: bytes) -> None:
    sent = len(begun)
    line.send(begun)
    while sent < 100_000_000 and line.send(b"x" * 50_000):
        sent += 50_000
    line.until_closed()
    assert sent < 50_000_000
    assert [(one.status, one.code) for one in line.answers] in ([(431, "headers_too_large")], [])


def test_b47_a_trailer_without_end_is_not_collected(target: Target, line: Wire) -> None:
    headers = (f"Authorization: Bearer {target.member.token}", "Content-Type: application/xml")
    line.send(post(*headers, CHUNKED, body=b"3\r\nabc\r\n0\r\nX-One: "))
    sent = 0
    while sent < 100_000_000 and line.send(b"x" * 50_000):
        sent += 50_000
    line.until_closed()
    assert sent < 50_000_000
    assert [(one.status, one.code) for one in line.answers] in ([(431, "headers_too_large")], [])


def test_b47_a_target_may_be_long_but_not_endless(line: Wire) -> None:
    line.send(head("GET /health/live?" + "x" * 7_000))
    line.send(head("GET /health/live?" + "x" * 9_000, "Connection: close"))
    line.until_closed()
    assert [answer.status for answer in line.answers] == [200, 414]


def test_a_trailer_is_no_header(target: Target, line: Wire) -> None:
    trailer = f"0\r\nAuthorization: Bearer {target.member.token}\r\n\r\n".encode()
    line.send(post(CHUNKED, "Content-Type: application/xml", body=b"3\r\nabc\r\n" + trailer))
    line.send(LAST)
    line.until_closed()
    assert [answer.status for answer in line.answers] == [401, 200]


def dripped(line: Wire, piece: bytes) -> None:
    """Send a byte again and again until the server has had enough."""
    line.socket.settimeout(LIMIT / 10)
    for _ in range(SLOWLY * 10):
        line.send(piece)
        try:
            more = line.socket.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionResetError:
            return
        if not more:
            return
        line.data += more
    pytest.fail("the connection stays open for as long as bytes drip")


def test_b48_a_head_that_drips_is_given_up(line: Wire) -> None:
    line.send(b"GET /health/live HTTP/1.1\r\nX-One: ")
    dripped(line, b"x")
    (answer,) = line.answers
    assert (answer.status, answer.code) == (408, "too_slow")


def test_b48_a_body_that_drips_is_given_up_and_nothing_of_it_is_kept(
    target: Target,
) -> None:
    before = target.events()
    token = f"Authorization: Bearer {target.member.token}"
    with wire(target.address) as line:
        line.send(post(token, "Content-Type: application/xml", "Content-Length: 1000"))
        dripped(line, b"x")
    (answer,) = line.answers
    assert (answer.status, answer.code) == (408, "too_slow")
    assert target.events() == before
    target.still_works()


def test_b1_b48_who_is_refused_may_not_go_on_sending_for_ever(line: Wire) -> None:
    line.send(post("Content-Length: 1000000"))
    dripped(line, b"x")
    (answer,) = line.answers
    assert (answer.status, answer.code) == (401, "unauthorized")


def test_b48_silence_ends_a_connection(target: Target) -> None:
    with ExitStack() as lines:
        said = {b"": [], LIVE: [200], b"GET /heal": [408]}
        opened = [(lines.enter_context(wire(target.address)), begun) for begun in said]
        for line, begun in opened:
            line.send(begun)
        for line, begun in opened:
            assert line.until_closed() < SLOWLY
            assert [answer.status for answer in line.answers] == said[begun]


def test_b48_empty_lines_do_not_keep_a_connection(line: Wire) -> None:
    line.send(LIVE)
    line.until(b"live")
    dripped(line, b"\r\n")
    assert [answer.status for answer in line.answers] == [200]


def test_b48_who_reads_nothing_is_not_waited_for(target: Target, line: Wire) -> None:
    asked = head("GET /v1/openapi.json") * 1_000
    line.socket.settimeout(LIMIT / 2)
    with suppress(TimeoutError, ConnectionError):
        line.socket.sendall(asked)
    opened = open_connections(target)
    eventually(lambda: open_connections(target) < opened)
    line.socket.settimeout(SLOWLY)
    line.until_closed()
    assert line.data.count(b"HTTP/1.1 200") < 1_000


def open_connections(target: Target) -> int:
    """Return how many connections the server counts, this question's own included."""
    text = httpx.get(f"{target.url}/metrics", timeout=60).text
    (count,) = [row for row in text.splitlines() if row.startswith("quittance_connections ")]
    return int(float(count.split()[1]))


def test_a_client_that_never_hears_100_continue_is_not_read_further(line: Wire) -> None:
    line.send(post("Content-Length: 40", "Expect: 100-continue"))
    line.until(b"401")
    line.send(LIVE)
    line.until_closed()
    assert [answer.status for answer in line.answers] == [401]


def test_half_a_body_and_gone_leaves_nothing_behind(target: Target) -> None:
    before = target.events()
    headers = (f"Authorization: Bearer {target.member.token}", "Content-Type: application/xml")
    for body in (b"", b"<half"):
        with wire(target.address) as line:
            line.send(post(*headers, "Content-Length: 1000", body=body))
    target.still_works()
    with target.client() as client:
        (newest,) = client.get("/v1/submissions", params={"limit": 1}).json()["items"]
    assert newest["state"] == "accepted"
    assert target.events() > before


def test_requests_in_one_segment_are_answered_in_their_order(line: Wire) -> None:
    line.send(LIVE + head("GET /nothing") + head("GET /health/startup") + LAST)
    line.until_closed()
    assert [answer.status for answer in line.answers] == [200, 404, 200, 200]


@pytest.mark.parametrize("junk", [b"junk\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_what_follows_a_request_does_not_take_its_answer_away(line: Wire, junk: bytes) -> None:
    line.send(head("GET /v1/openapi.json") + junk + LAST)
    line.until_closed()
    assert [answer.status for answer in line.answers] == [200]


def test_nothing_behind_a_close_is_answered(line: Wire) -> None:
    line.send(LAST + LIVE)
    line.until_closed()
    assert [answer.status for answer in line.answers] == [200]


def test_b49_a_method_that_an_address_does_not_know_is_told_which_it_knows(line: Wire) -> None:
    for method, path in (
        ("TRACE", "/v1/submissions"),
        ("GET", "/v1/bank-files"),
        ("PROPFIND", "/v1/invoices/x/holds"),
        ("POST", "/nothing"),
        ("TRACE", "/nothing"),
    ):
        line.send(head(f"{method} {path}", "X-Canary: 7731"))
    line.send(LAST)
    line.until_closed()
    *answers, _ = line.answers
    allowed = [(answer.status, answer.headers.get("allow")) for answer in answers]
    assert allowed == [
        (405, "GET, POST"),
        (405, "POST"),
        (405, "DELETE, POST"),
        (404, None),
        (404, None),
    ]
    assert "7731" not in line.data.decode()


def test_a_thousand_silent_connections_keep_nobody_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("crowd")
    with attacked(folder, connections_max=CONNECTIONS_MAX) as target, ExitStack() as crowd:
        silent = [crowd.enter_context(wire(target.address)) for _ in range(IDLE)]
        assert open_connections(target) >= IDLE
        target.still_works()
        for _ in range(CONNECTIONS_MAX - IDLE + 50):
            crowd.enter_context(wire(target.address))
        target.still_works()
        assert open_connections(target) <= CONNECTIONS_MAX
        assert silent[0].until_closed() < LINGER_SECONDS + SLOWLY
        last = crowd.enter_context(wire(target.address))
        last.send(LAST)
        last.until_closed()
        assert [answer.status for answer in last.answers] == [200]
