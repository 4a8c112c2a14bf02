"""Access tokens and what a wrong one is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.network import CITIZEN_OPENID


def stable(client, settings, **changed):
    body = {"grant_type": "client_credential", "appid": settings.wechat_app_id, "secret": settings.wechat_app_secret}
    return client.post("/wechat/cgi-bin/stable_token", json=body | changed).get_json()


def works(client, token):
    query = {"access_token": token, "openid": CITIZEN_OPENID}
    return client.get("/wechat/cgi-bin/user/info", query_string=query).get_json().get("errcode", 0)


def test_the_same_token_comes_while_it_is_valid(client, settings, net):
    first = stable(client, settings)
    net.token_clock.advance(timedelta(minutes=100))
    again = stable(client, settings)
    assert again["access_token"] == first["access_token"]
    assert first["expires_in"] in {7199, 7200}
    assert again["expires_in"] in {1199, 1200}


def test_in_the_last_five_minutes_a_new_token_comes_and_the_old_one_lives_on(client, settings, net):
    old = stable(client, settings)["access_token"]
    net.token_clock.advance(timedelta(minutes=116))
    new = stable(client, settings)["access_token"]
    assert new != old
    assert (works(client, old), works(client, new)) == (0, 0)
    net.token_clock.advance(timedelta(minutes=5))
    assert (works(client, old), works(client, new)) == (42001, 0)


def test_a_forced_token_leaves_the_old_one_five_minutes(client, settings, net):
    old = stable(client, settings)["access_token"]
    new = stable(client, settings, force_refresh=True)["access_token"]
    assert (new != old, works(client, old)) == (True, 0)
    net.token_clock.advance(timedelta(minutes=6))
    assert (works(client, old), works(client, new)) == (42001, 0)


def test_forcing_again_within_thirty_seconds_changes_nothing(client, settings, net):
    first = stable(client, settings, force_refresh=True)["access_token"]
    assert stable(client, settings, force_refresh=True)["access_token"] == first
    net.token_clock.advance(timedelta(seconds=31))
    assert stable(client, settings, force_refresh=True)["access_token"] != first


def test_twenty_forced_tokens_a_day_are_all(client, settings, net):
    for _ in range(20):
        assert "access_token" in stable(client, settings, force_refresh=True)
        net.token_clock.advance(timedelta(seconds=31))
    assert stable(client, settings, force_refresh=True)["errcode"] == 45009
    assert "access_token" in stable(client, settings)


def test_the_older_interface_voids_its_own_earlier_token_only(client, settings):
    kept = stable(client, settings)["access_token"]
    query = {"grant_type": "client_credential", "appid": settings.wechat_app_id, "secret": settings.wechat_app_secret}
    first, second = (client.get("/wechat/cgi-bin/token", query_string=query).get_json()["access_token"] for _ in "12")
    assert [works(client, token) for token in (first, second, kept)] == [40001, 0, 0]


@pytest.mark.parametrize(("changed", "errcode"), [({"appid": "wx0"}, 40013), ({"secret": "no"}, 40125)])
def test_a_wrong_account_gets_no_token(client, settings, changed, errcode):
    assert stable(client, settings, **changed)["errcode"] == errcode


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("made-up", 40001)])
def test_a_wrong_token_is_named(client, token, errcode):
    assert works(client, token) == errcode


def test_a_foreign_process_voids_the_token(client, settings):
    token = stable(client, settings)["access_token"]
    client.post("/sim/wechat/void_token")
    assert works(client, token) == 40001
    assert works(client, stable(client, settings)["access_token"]) == 0


def test_calls_for_tokens_are_counted(client, settings):
    stable(client, settings)
    stable(client, settings)
    assert client.get("/sim/calls").get_json()["counts"] == {"wechat/stable_token": 2}


def test_a_leap_of_the_clock_spares_the_token_unless_told(client, settings):
    token = stable(client, settings)["access_token"]
    client.post("/sim/clock", json={"advance_hours": 49})
    assert works(client, token) == 0
    client.post("/sim/clock", json={"advance_hours": 49, "tokens": True})
    assert works(client, token) == 42001
