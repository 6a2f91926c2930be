"""Existing practice software, unchanged: token, upload, and the answers that it reads."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from libs.runtime.serve import listen, server
from libs.runtime.settings import Settings
from services.simulator.request import message
from tests.archives import form
from tests.authority import Authority
from tests.browser.served import join, some_invoices, some_practice
from tests.engines import Unavailable, missing
from tests.system import Cooperative, Member, play

UPLOAD = "/xml_import/xml"


async def upload(
    made: Cooperative,
    member: Member,
    data: bytes,
    *,
    account: str | None = None,
    field: str = "File",
    language: str = "de",
) -> httpx.Response:
    """Upload as the connector does: one part, in chunks, without Content-Length."""
    token = await made.door.post(
        "/oauth/token",
        data={
            "grant_type": "password",
            "username": member.login,
            "password": member.password,
            "client_id": "",
            "client_secret": "",
        },
    )
    headers = {
        "Authorization": f"Bearer {token.json()['access_token']}",
        "cdm_account_number": str(member.account_no) if account is None else account,
        "Accept-Language": language,
        "Content-Type": "multipart/form-data; boundary=grenze",
    }
    head = f'Content-Disposition: form-data; name="{field}"; filename="praxis_R-1.xml"\r\n'
    body = f"--grenze\r\n{head}Content-Type: application/octet-stream\r\n\r\n".encode()
    body += data + b"\r\n--grenze--\r\n"

    async def chunks() -> Any:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    answer = await made.door.post(UPLOAD, content=chunks(), headers=headers)
    await made.system.settle()
    return answer


def root_of(answer: httpx.Response) -> etree._Element:
    """Return the document that the client reads on every 2xx."""
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    assert root.tag == "uploadResponse"
    return root


def test_an_invoice_is_taken_once_and_a_repeat_names_its_present_state(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        of = some_practice()
        member = await join(made, of)
        xml = message(some_invoices(of, 1)[0])
        root = root_of(await upload(made, member, xml))
        assert root.get("result") == "success"
        assert root.find("invoice") is None
        again = await upload(made, member, xml, language="fr-CH")
        assert again.status_code == 409
        assert again.headers["content-type"].startswith("text/plain")
        assert "SameMD5Found" in again.text
        receipt = root.find("receipt")
        assert receipt is not None
        assert receipt.get("submissionId", "?") in again.text
        (shown,) = (await made.get(member, "/v1/invoices"))["items"]
        assert f"Facture {shown['number']}: ouverte" in again.text
        changed = root_of(await upload(made, member, xml.replace(b"</", b" </", 1)))
        assert changed.get("result") == "failure"
        (error,) = changed.iter("error")
        assert error.get("code") == "AlreadySent"

    play(tmp_path, scene)


def test_a_refusal_is_one_error_that_says_everything(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await join(made, some_practice())
        root = root_of(await upload(made, member, b"<invoice", language="it"))
        assert root.get("result") == "failure"
        (invoice,) = root.findall("invoice")
        assert invoice.get("filename") == "praxis_R-1.xml"
        (error,) = invoice.findall("error")
        assert error.get("code") == "XMLParserError"
        assert len(error.get("message", "")) > 20
        again = await upload(made, member, b"<invoice")
        assert again.status_code == 409
        assert "SameMD5Found" in again.text
        assert "zurückgewiesen" in again.text
        assert len((await made.get(member, "/v1/submissions", state="rejected"))["items"]) == 1

    play(tmp_path, scene)


def test_an_invoice_of_another_biller_and_a_foreign_account_are_refused(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        of, other = some_practice(), some_practice(8)
        member, stranger = await join(made, of), await join(made, other)
        xml = message(some_invoices(of, 1)[0])
        (error,) = root_of(await upload(made, stranger, xml)).iter("error")
        assert error.get("code") == "InvalidZSR"
        for account in (str(member.account_no), "", "x"):
            root = root_of(await upload(made, stranger, xml, account=account))
            (general,) = root
            assert (general.tag, general.get("code")) == ("generalError", "InvalidAccount")
        (general,) = root_of(await upload(made, member, xml, field="Datei"))
        assert (general.tag, general.get("code")) == ("generalError", "NoAttachmentFound")
        assert (await made.get(member, "/v1/invoices"))["items"] == []

    play(tmp_path, scene)


def test_without_a_token_the_answer_is_401_and_a_readable_sentence(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        answer = await made.door.post(UPLOAD, content=b"x")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "/v1/oauth/token" in answer.json()["detail"]

    play(tmp_path, scene)


JAVA = """
import java.io.*;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;

public class Upload {
    static String field(String name, String value) {
        return name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8) + "&";
    }
    public static void main(String[] given) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        String form = field("grant_type", "password") + field("username", given[1])
            + field("password", given[2]) + field("client_id", "") + field("client_secret", "");
        HttpResponse<String> answer = client.send(
            HttpRequest.newBuilder(URI.create(given[0] + "/oauth/token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form)).build(),
            HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode());
        String token = answer.body().split("\\"access_token\\":\\"")[1].split("\\"")[0];
        byte[] file = Files.readAllBytes(Path.of(given[4]));
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(("--b\\r\\nContent-Disposition: form-data; name=\\"File\\";"
            + " filename=\\"a_R-1.xml\\"\\r\\nContent-Type: application/octet-stream"
            + "\\r\\n\\r\\n").getBytes());
        body.write(file);
        body.write("\\r\\n--b--\\r\\n".getBytes());
        answer = client.send(
            HttpRequest.newBuilder(URI.create(given[0] + "/xml_import/xml"))
                .header("Authorization", "Bearer " + token)
                .header("cdm_account_number", given[3])
                .header("Accept-Language", "de")
                .header("Content-Type", "multipart/form-data; boundary=b")
                .POST(HttpRequest.BodyPublishers.ofInputStream(
                    () -> new ByteArrayInputStream(body.toByteArray()))).build(),
            HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode());
        System.out.println(answer.body());
    }
}
"""


@asynccontextmanager
async def answering(made: Cooperative, secure: Path | None) -> AsyncIterator[str]:
    """Answer on a free port of this machine, over TLS where there is a certificate."""
    started = asyncio.Event()

    async def tell() -> None:
        started.set()

    settings = Settings(port=0, tls_certificate=secure, tls_key=secure)
    with listen(settings) as bound:
        serving = server(made.system.apps["gateway"], settings, tell)
        task = asyncio.create_task(serving.serve([bound]))
        await started.wait()
        scheme = "http" if secure is None else "https"
        try:
            yield f"{scheme}://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            serving.should_exit = True
            await task


async def ran(*command: str) -> str:
    """Return what a program prints; it must end well."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, error = await running.communicate()
    assert running.returncode == 0, error.decode()
    return out.decode()


async def trusting(authority: Authority, folder: Path) -> tuple[str, str]:
    """Return what makes the JDK trust an authority."""
    store, word = folder / "trust.p12", "changeit"
    await ran(
        *("keytool", "-importcert", "-noprompt", "-alias", "test"),
        *("-file", str(authority.path), "-keystore", str(store), "-storepass", word),
    )
    prefix = "-Djavax.net.ssl.trustStore"
    return f"{prefix}={store}", f"{prefix}Password={word}"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_jdks_client_gets_a_token_and_uploads_over_a_real_socket(
    scheme: str, tmp_path: Path
) -> None:
    """Over plain HTTP it offers h2c with every request; over TLS there is no such offer."""
    java = shutil.which("java")
    if java is None:
        missing(Unavailable("no java here: the upload was not tried with the JDK's HTTP client"))
    program, file = tmp_path / "Upload.java", tmp_path / "a_R-1.xml"
    program.write_text(JAVA)

    async def scene(made: Cooperative) -> None:
        of = some_practice()
        member = await join(made, of)
        file.write_bytes(message(some_invoices(of, 1)[0]))
        secure, trust = None, tuple[str, ...]()
        if scheme == "https":
            authority = Authority(tmp_path, "authority")
            secure, trust = authority.keystore(tmp_path), await trusting(authority, tmp_path)
        async with answering(made, secure) as url:
            given = (url, member.login, member.password, str(member.account_no), str(file))
            out = await ran(java, *trust, str(program), *given)
        token, uploaded, answer = out.split("\n", 2)
        assert (token, uploaded) == ("200", "200")
        assert etree.fromstring(answer.strip().encode()).get("result") == "success"
        await made.system.settle()
        assert len((await made.get(member, "/v1/invoices"))["items"]) == 1

    play(tmp_path / "data", scene)


def test_a_body_that_comes_in_chunks_of_a_few_bytes_is_the_same_file(tmp_path: Path) -> None:
    """The connector streams its part: no Content-Length, and chunks end wherever they do."""

    async def scene(made: Cooperative) -> None:
        of = some_practice()
        member = await join(made, of)
        xml = message(some_invoices(of, 1)[0])
        body, kind = form(("praxis_R-1.xml", xml), name="File")
        headers = {
            "Authorization": f"Bearer {member.token}",
            "cdm_account_number": str(member.account_no),
            "Content-Type": kind,
        }

        async def drops() -> AsyncIterator[bytes]:
            at, size = 0, 1
            while at < len(body):
                yield body[at : at + size]
                at, size = at + size, size % 37 + 1

        async with answering(made, None) as url, httpx.AsyncClient(base_url=url) as client:
            answer = await client.post(UPLOAD, content=drops(), headers=headers)
        assert "content-length" not in answer.request.headers
        assert root_of(answer).get("result") == "success"
        (one,) = (await made.get(member, "/v1/submissions"))["items"]
        assert one["content"] == hashlib.sha256(xml).hexdigest()

    play(tmp_path, scene)
