"""Existing practice software, unchanged: token, upload, and the answers that it reads."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from libs.runtime.serve import listen, server
from libs.runtime.settings import Settings
from services.simulator.request import message
from tests.browser.served import join, some_invoices, some_practice
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


def test_the_jdks_client_gets_a_token_and_uploads_over_a_real_socket(tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("no java on this machine: the upload was not tried with the JDK's HTTP client")
    program, file = tmp_path / "Upload.java", tmp_path / "a_R-1.xml"
    program.write_text(JAVA)

    async def scene(made: Cooperative) -> None:
        of = some_practice()
        member = await join(made, of)
        file.write_bytes(message(some_invoices(of, 1)[0]))
        started = asyncio.Event()

        async def tell() -> None:
            started.set()

        settings = Settings(data=tmp_path, port=0)
        with listen(settings) as bound:
            serving = server(made.system.apps["gateway"], settings, tell)
            task = asyncio.create_task(serving.serve([bound]))
            await started.wait()
            url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            given = (url, member.login, member.password, str(member.account_no), str(file))
            ran = await asyncio.create_subprocess_exec(
                java, str(program), *given, stdout=asyncio.subprocess.PIPE
            )
            out, _ = await ran.communicate()
            serving.should_exit = True
            await task
        token, uploaded, answer = out.decode().split("\n", 2)
        assert (token, uploaded) == ("200", "200")
        assert etree.fromstring(answer.strip().encode()).get("result") == "success"
        await made.system.settle()
        assert len((await made.get(member, "/v1/invoices"))["items"]) == 1

    play(tmp_path / "data", scene)
