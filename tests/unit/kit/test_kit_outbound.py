"""Which addresses an outbound fetch may reach."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from server.kit.outbound import Outbound, OutboundError, allowing, is_public
from server.settings import SettingsError, load


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe",
    ],
)  # fmt: skip
def test_address_of_our_network_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


async def fetched(url: str, *, seconds: float = 5.0) -> str:
    """Why a fetch failed."""
    with pytest.raises(OutboundError) as refused:
        await Outbound().fetch(url, max_bytes=1000, seconds=seconds)
    return str(refused.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x", "", "nonsense", "http://", "http://[::1/", "http://0/"])
async def test_fetch_of_what_is_no_web_address_fails(url: str) -> None:
    assert "address" in await fetched(url)


async def test_fetch_connects_to_no_private_address() -> None:
    connections: list[object] = []
    server = await asyncio.start_server(lambda *streams: connections.append(streams), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            assert await fetched(f"http://{host}:{port}/") == "The address is not on the public internet."
    assert connections == []


async def test_fetch_of_a_silent_address_ends_in_time() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(OutboundError, match=r"did not answer within 0\.2 seconds"):
            await Outbound(lambda _: True).fetch(url, max_bytes=1000, seconds=0.2)


def test_networks_that_an_operator_allows_are_reached_beside_the_internet() -> None:
    allows = allowing(" 10.1.0.0/16,192.168.7.9, fd00:1::/32 ")
    reached = ("1.1.1.1", "10.1.255.1", "192.168.7.9", "fd00:1::5")
    refused = ("10.2.0.1", "192.168.7.8", "127.0.0.1", "fd00:2::5", "::1")
    assert all(allows(ipaddress.ip_address(address)) for address in reached)
    assert not any(allows(ipaddress.ip_address(address)) for address in refused)
    assert not any(allowing("")(ipaddress.ip_address(address)) for address in reached[1:])


@pytest.mark.parametrize("value", ["10.1.0.0/33", "example.com", "10.1.0.1/16", "10.0.0.0-10.1.0.0"])
def test_setting_that_names_no_network_stops_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match="TRANSOM_OUTBOUND_ALLOW"):
        load({"TRANSOM_OUTBOUND_ALLOW": value})
