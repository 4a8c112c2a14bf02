"""The access token and its breaker (edge cases 24, 25): shared, renewed once, then at rest."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses

from adapters._wechat.cache import SteadyCache
from bot.edge.errors import (
    Misconfigured,
    RateLimited,
    Temporary,
)
from tests.kit.fakes import FakeClock, fake_services
from tests.kit.wechat_kit import (
    CUSTOM,
    OK,
    TEXT,
    TOKEN_URL,
    body,
    calls,
    channel,
    issue_token,
)


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def refusing(web, url: str = CUSTOM, code: int = 40001) -> None:
    web.post(url, json={"errcode": code, "errmsg": "invalid credential, access_token is invalid or not latest"})


def test_the_token_is_fetched_once_and_shared_by_processes(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    services = fake_services()
    for _ in range(3):
        channel(services).send(TEXT)
    assert len(calls(web, TOKEN_URL)) == 1


def test_the_token_is_used_until_five_minutes_before_its_end(web):
    issue_token(web)
    clock = FakeClock()
    adapter = channel(fake_services(clock))
    adapter.check()
    clock.forward(6890)
    adapter.check()
    assert adapter.age_of_token() == timedelta(seconds=6890)
    clock.forward(20)
    assert adapter.age_of_token() is None
    adapter.check()
    assert len(calls(web, TOKEN_URL)) == 2


@pytest.mark.parametrize("life", [None, "soon", -1, "7200", [], True])
def test_edge_25_a_token_without_a_sane_life_lives_a_while(web, life):
    issue_token(web, expires_in=life)
    clock = FakeClock()
    adapter = channel(fake_services(clock))
    adapter.check()
    clock.forward(59)
    adapter.check()
    assert len(calls(web, TOKEN_URL)) == 1


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_edge_25_a_token_voided_by_others_is_renewed_once_and_the_message_goes_out(web, code):
    issue_token(web)
    refusing(web, code=code)
    issue_token(web, "T2")
    web.post(CUSTOM, json=OK)
    services = fake_services()
    assert channel(services).send(TEXT).parts == 1
    assert [body(call)["force_refresh"] for call in calls(web, TOKEN_URL)] == [False, True]
    assert calls(web, CUSTOM)[1].url.endswith("access_token=T2")
    assert not services.alarms.raised


def test_edge_24_a_token_refused_for_ever_costs_two_token_calls_then_the_breaker_opens(web):
    issue_token(web)
    refusing(web)
    services = fake_services()
    adapter = channel(services)
    for _ in range(5):
        with pytest.raises(Misconfigured):
            adapter.send(TEXT)
    assert (len(calls(web, TOKEN_URL)), len(calls(web, CUSTOM))) == (2, 2)
    assert [(key, fields["code"]) for key, fields in services.alarms.raised] == [("wechat_token:wechat", "40001")]


def test_edge_24_the_breaker_waits_twice_as_long_each_time_and_ten_minutes_at_most(web):
    issue_token(web)
    refusing(web)
    clock = FakeClock()
    adapter = channel(fake_services(clock))
    for pause in (60, 120, 240, 480, 600, 600):
        before = len(calls(web, TOKEN_URL))
        with pytest.raises(Misconfigured):
            adapter.send(TEXT)
        assert 1 <= len(calls(web, TOKEN_URL)) - before <= 2
        before = len(web.calls)
        clock.forward(pause - 1)
        with pytest.raises(Misconfigured):
            adapter.send(TEXT)
        assert len(web.calls) == before
        clock.forward(2)


def test_edge_24_when_it_works_again_the_alarm_is_cleared(web):
    issue_token(web)
    refusing(web)
    refusing(web)
    web.post(CUSTOM, json=OK)
    clock = FakeClock()
    services = fake_services(clock)
    with pytest.raises(Misconfigured):
        channel(services).send(TEXT)
    assert services.alarms.standing == {"wechat_token:wechat"}
    clock.forward(61)
    another_process = channel(services)
    services.cache.delete(another_process._tokens._key)
    another_process.send(TEXT)
    assert services.alarms.standing == set()


@pytest.mark.parametrize("bad", [True, False])
def test_edge_24_twenty_workers_at_once_make_one_refresh(web, bad):
    services = fake_services()
    issued: list[bool] = []
    all_hold_the_first = threading.Barrier(20, timeout=10)

    def issue(call):
        issued.append(json.loads(call.body)["force_refresh"])
        time.sleep(0.05)  # the others come for a token meanwhile
        return 200, {}, json.dumps({"access_token": f"T{len(issued)}", "expires_in": 7200})

    def take(call):
        if call.url.endswith("T1"):
            all_hold_the_first.wait()
        ok = not bad and call.url.endswith("T2")
        return 200, {}, json.dumps({"errcode": 0 if ok else 40001, "errmsg": ""})

    web.add_callback("POST", TOKEN_URL, issue)
    web.add_callback("POST", CUSTOM, take)
    processes = [channel(services) for _ in range(4)]

    def work(number: int) -> str:
        try:
            processes[number % 4].send(TEXT)
        except Misconfigured as error:
            return error.code
        return "sent"

    with ThreadPoolExecutor(20) as pool:
        outcomes = set(pool.map(work, range(20)))
    assert issued == [False, True]
    assert outcomes == ({"40001"} if bad else {"sent"})
    assert len(services.alarms.raised) == bad


def test_while_another_process_fetches_the_token_a_send_waits_and_then_is_temporary():
    clock = FakeClock()
    services = fake_services(clock)
    cache = SteadyCache(services.cache, clock)
    with cache.lock("k", 0.05) as first, SteadyCache(services.cache, clock).lock("k", 0.05) as other:
        assert (first, other) == (True, False)
        with cache.lock("k", 0.05) as same_process:
            assert not same_process
    with cache.lock("k", 0.05) as again:
        assert again
    with pytest.raises(Temporary, match="token_lock"):
        channel(services)._tokens._check_turn(got=False)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(40125, Misconfigured), (40164, Misconfigured), (40013, Misconfigured), (45009, RateLimited)],
)
def test_edge_25_a_refused_token_call_is_not_repeated_at_once(web, code, kind):
    web.post(TOKEN_URL, json={"errcode": code, "errmsg": "invalid ip 203.0.113.9, not in whitelist"})
    services = fake_services()
    for _ in range(4):
        with pytest.raises(kind) as found:
            channel(services).send(TEXT)
        assert found.value.code == str(code)
        assert "203.0.113.9" not in str(found.value)
    assert len(calls(web, TOKEN_URL)) == 1
    assert services.alarms.raised[0][1]["code"] == str(code)


def test_without_the_shared_cache_the_process_keeps_its_own_token(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    services = fake_services()
    services.cache.down = True
    adapter = channel(services)
    for _ in range(3):
        adapter.send(TEXT)
    assert len(calls(web, TOKEN_URL)) == 1


def test_without_the_shared_cache_the_breaker_still_holds(web):
    issue_token(web)
    refusing(web)
    services = fake_services()
    services.cache.down = True
    adapter = channel(services)
    for _ in range(3):
        with pytest.raises(Misconfigured):
            adapter.send(TEXT)
    assert len(calls(web, TOKEN_URL)) == 2


def test_losing_the_shared_cache_in_mid_flight_costs_no_token(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    services = fake_services()
    adapter = channel(services)
    adapter.send(TEXT)
    services.cache.down = True
    adapter.send(TEXT)
    assert len(calls(web, TOKEN_URL)) == 1


@pytest.mark.parametrize("stored", ["", "x", "[]", "{}", '{"token": 1}', '"T"', '{"token": "T", "at": "then"}'])
def test_a_cache_entry_of_another_version_is_fetched_anew(web, stored):
    issue_token(web)
    services = fake_services()
    adapter = channel(services)
    services.cache.set(adapter._tokens._key, stored, 600)
    services.cache.set(f"{adapter._tokens._key}:pause", stored, 600)
    assert "works" in adapter.check()


def test_check_says_that_the_credentials_work_or_raises(web):
    web.post(TOKEN_URL, json={"errcode": 40125, "errmsg": "invalid appsecret"})
    with pytest.raises(Misconfigured, match="40125"):
        channel().check()


@pytest.mark.parametrize("down", [False, True])
def test_a_token_refused_again_within_half_a_minute_is_not_forced_again(web, down):
    issue_token(web)
    issue_token(web, "T2")
    refusing(web)
    web.post(CUSTOM, json=OK)
    refusing(web)
    clock = FakeClock()
    services = fake_services(clock)
    services.cache.down = down
    adapter = channel(services)
    adapter.send(TEXT)
    clock.forward(29)
    with pytest.raises(Misconfigured, match="renewed token refused"):
        adapter.send(TEXT)
    assert (len(calls(web, TOKEN_URL)), len(calls(web, CUSTOM))) == (2, 3)
    assert services.alarms.standing == {"wechat_token:wechat"}


@pytest.mark.parametrize("stored", ["x", "{}", '{"failure": "odd", "code": "1", "detail": ""}', "[]"])
def test_a_breaker_entry_of_another_version_still_holds(web, stored):
    services = fake_services()
    adapter = channel(services)
    services.cache.set(f"{adapter._tokens._key}:open", stored, 60)
    with pytest.raises(Misconfigured, match="breaker"):
        adapter.send(TEXT)
    assert not web.calls
