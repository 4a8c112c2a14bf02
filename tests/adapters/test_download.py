"""Which addresses a download may reach."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from adapters.kit.network import is_public, is_within, refuse_internal
from bot.edge.errors import MediaError


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
     "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "2002:7f00:1::", "64:ff9b::7f00:1"],
)  # fmt: skip
def test_an_address_of_our_own_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


def test_one_internal_address_among_several_is_enough_to_refuse(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(MediaError, match="internal_address"):
        refuse_internal("https://media.example/x")


@pytest.mark.parametrize("url", ["http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/"])
def test_another_spelling_of_this_machine_is_this_machine(url):
    with pytest.raises(MediaError, match=r"internal_address|unresolvable"):
        refuse_internal(url)


def test_the_configured_provider_may_be_internal():
    refuse_internal("http://127.0.0.1:9000/media/1", allowed_hosts=frozenset({"127.0.0.1:9000"}))
    with pytest.raises(MediaError):
        refuse_internal("http://127.0.0.1:9001/media/1", allowed_hosts=frozenset({"127.0.0.1:9000"}))


NETWORKS = [ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("203.0.113.9", True), ("::ffff:203.0.113.9", True), ("2001:db8::1", True), ("203.0.114.9", False),
        ("::1", False), ("203.0.113.9:4711", False), ("", False), ("unix:", False), ("unknown", False),
    ],
)  # fmt: skip
def test_a_source_is_on_the_list_or_not(address, within):
    assert is_within(address, NETWORKS) is within
    assert not is_within(address, [])
