"""What the outbound client sends, follows, reads and refuses."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.kit.outbound import NotAllowedError, Outbound, OutboundError, Request, Timeouts, TooLargeError, allowing
from tests.doubles.web_server import WebServer

_LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture
async def site() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def other() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[Outbound]:
    outbound = Outbound(allowing("127.0.0.0/8"))
    yield outbound
    await outbound.close()


async def test_request_carries_method_headers_params_and_body(site: WebServer, client: Outbound) -> None:
    request = Request(
        "put", f"{site.url}/echo?a=1", [("X-Key", "k"), ("Content-Type", "text/x")], [("a", "2"), ("b", "ü &")],
        b"body",
    )
    answer = await client.request(request, 10_000)
    echoed = json.loads(answer.body)
    assert (answer.status, echoed["method"], echoed["body"]) == (200, "PUT", "body")
    assert echoed["headers"]["x-key"] == "k" and echoed["headers"]["content-type"] == "text/x"
    assert site.calls[0].query == {"a": "2", "b": "ü &"}


async def test_connection_is_used_again(site: WebServer, client: Outbound) -> None:
    for _ in range(3):
        await client.request(Request("GET", f"{site.url}/echo"), 10_000)
    assert site.accepted == 1


@pytest.mark.parametrize(("status", "method", "body"), [
    (301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "b"), (308, "POST", "b"),
])  # fmt: skip
async def test_redirect_of_a_post(site: WebServer, client: Outbound, status: int, method: str, body: str) -> None:
    site.redirect("/from", "/echo", status)
    answer = await client.request(Request("POST", f"{site.url}/from", [("Content-Type", "t/t")], body=b"b"), 10_000)
    echoed = json.loads(answer.body)
    assert (echoed["method"], echoed["body"]) == (method, body)
    assert ("content-type" in echoed["headers"]) == bool(body)
    assert answer.url == f"{site.url}/echo"


async def test_credentials_stay_on_their_host(site: WebServer, other: WebServer, client: Outbound) -> None:
    site.redirect("/here", "/echo")
    site.redirect("/away", f"{other.url}/echo")
    headers = [("Authorization", "Bearer k"), ("X-Api-Key", "k"), ("Cookie", "c=1"), ("Accept", "a/b")]
    kept = json.loads((await client.request(Request("GET", f"{site.url}/here", headers), 10_000)).body)["headers"]
    assert kept["authorization"] == "Bearer k" and kept["x-api-key"] == "k"
    gone = json.loads((await client.request(Request("GET", f"{site.url}/away", headers), 10_000)).body)["headers"]
    assert gone["accept"] == "a/b"
    assert not {"authorization", "x-api-key", "cookie"} & gone.keys()


async def test_redirect_into_our_network_is_refused(site: WebServer) -> None:
    client = Outbound(lambda address: address == _LOOPBACK)
    for target in ("http://127.0.0.2:1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/"):
        site.redirect("/in", target)
        with pytest.raises(NotAllowedError):
            await client.request(Request("GET", f"{site.url}/in"), 100)
    site.redirect("/in", "file:///etc/passwd")
    with pytest.raises(OutboundError, match="Only http and https"):
        await client.request(Request("GET", f"{site.url}/in"), 100)
    await client.close()


async def test_circle_of_redirects_ends(site: WebServer, client: Outbound) -> None:
    site.redirect("/round", "/round")
    with pytest.raises(OutboundError, match="redirects too often"):
        await client.request(Request("GET", f"{site.url}/round"), 100)
    assert len(site.calls) == 11


async def test_body_without_end_is_cut_off(site: WebServer, client: Outbound) -> None:
    with pytest.raises(TooLargeError) as refused:
        await client.request(Request("GET", f"{site.url}/drip"), 200_000)
    assert 200_000 < refused.value.size < 1_000_000


async def test_limit_is_chosen_by_headers_and_beginning(site: WebServer, client: Outbound) -> None:
    site.pages["/page"] = (200, {"Content-Type": "x/y"}, b"b" * 3000)
    seen: list[object] = []

    def limit(headers: object, sample: bytes) -> int:
        seen.append((dict(headers)["Content-Type"], sample))  # type: ignore[call-overload]
        return 3000

    assert len((await client.request(Request("GET", f"{site.url}/page"), limit)).body) == 3000
    assert seen == [("x/y", b"b" * 1024)]


async def test_silent_server_is_given_up(site: WebServer, client: Outbound) -> None:
    with pytest.raises(OutboundError, match="did not answer within"):
        await client.request(Request("GET", f"{site.url}/slow", timeouts=Timeouts(0.2, 0.2, 0.1)), 100)


async def test_answer_that_breaks_off_is_an_error(site: WebServer, client: Outbound) -> None:
    with pytest.raises(OutboundError, match="cannot be reached"):
        await client.request(Request("GET", f"{site.url}/cut"), 100)


@pytest.mark.parametrize("header", ["a\r\nX-Injected: 1", "a\n"])
async def test_header_with_a_line_break_is_refused(site: WebServer, client: Outbound, header: str) -> None:
    with pytest.raises(OutboundError):
        await client.request(Request("GET", f"{site.url}/echo", [("X-A", header)]), 10_000)
    assert not site.calls


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's certificate that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


async def test_certificate_is_checked_unless_it_is_told_not_to(
    certificate: ssl.SSLContext, client: Outbound
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certificate)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        trusting = await client.request(Request("GET", url, verify_tls=False), 100)
        assert trusting.body == b"ok"
        with pytest.raises(OutboundError, match=r"(?i)certificate"):
            await client.request(Request("GET", url), 100)


async def test_packed_body_is_measured_unpacked(site: WebServer, client: Outbound) -> None:
    site.pages["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    with pytest.raises(TooLargeError):
        await client.request(Request("GET", f"{site.url}/bomb"), 1_000_000)
    site.pages["/fine"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"fine"))
    assert (await client.request(Request("GET", f"{site.url}/fine"), 100)).body == b"fine"
