"""Who called a webhook, as ``verify`` sees it: nobody can say so himself, only a proxy of ours can."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from flask import Flask

from adapters.kit.base import Received, WebhookResponse
from tests.kit.world import PUBLIC_URL, make_world
from web.hooks import make_hooks

PROXY, GATEWAY, STRANGER = "172.18.0.5", "203.0.113.9", "198.51.100.66"


@pytest.fixture
def caller(tmp_path, monkeypatch):
    """Calls the hook; what its channel is told of the caller."""
    world = make_world(tmp_path)
    channel = world.deps.channels["console"]
    seen: list[str] = []

    def verify(request, now):
        seen.append(request.remote)

    monkeypatch.setattr(channel, "verify", verify)
    monkeypatch.setattr(channel, "parse", lambda request: Received())
    monkeypatch.setattr(channel, "acknowledge", lambda received, reply: WebhookResponse(200))

    def call(*forwarded: str, peer: str = PROXY, proxies=("172.16.0.0/12",)) -> str:
        app = Flask("app")
        app.register_blueprint(make_hooks(world.deps, PUBLIC_URL, [ip_network(one) for one in proxies]))
        headers = [("X-Forwarded-For", line) for line in forwarded]
        answer = app.test_client().post("/hooks/console", headers=headers, environ_base={"REMOTE_ADDR": peer})
        assert answer.status_code == 200
        return seen.pop()

    yield call
    world.close()


def test_without_a_proxy_of_ours_it_is_the_other_end_of_the_connection(caller):
    assert caller(peer=GATEWAY, proxies=()) == GATEWAY
    assert caller(GATEWAY, peer=STRANGER, proxies=()) == STRANGER
    assert caller(GATEWAY, peer=STRANGER) == STRANGER
    assert caller(GATEWAY, proxies=()) == PROXY


def test_a_proxy_of_ours_says_who_called_it(caller):
    assert caller(GATEWAY) == GATEWAY
    assert caller(f"{GATEWAY}, {PROXY}") == GATEWAY
    assert caller() == PROXY


@pytest.mark.parametrize("forwarded", [(f"{GATEWAY}, {STRANGER}",), (GATEWAY, STRANGER), (f"{GATEWAY},,{STRANGER}",)])
def test_what_a_caller_wrote_into_the_header_does_not_count(caller, forwarded):
    assert caller(*forwarded) == STRANGER


def test_a_hop_that_is_no_address_is_nobody(caller):
    assert caller(f"{GATEWAY}, unknown") == "unknown"
