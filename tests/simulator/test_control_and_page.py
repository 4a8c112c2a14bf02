"""Clock, reset, persons, the live feed, the page and the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulator.__main__ import main
from simulator.clock import Clock
from simulator.network import CITIZEN_NUMBER, CITIZEN_OPENID
from simulator.settings import demo_environment, read_settings


def test_the_clock_moves_forward_and_tells_its_file(client, net):
    answer = client.post("/sim/clock", json={"advance_hours": 49}).get_json()
    assert answer["clock"]["offset_seconds"] == 49 * 3600
    ahead = datetime.fromisoformat(answer["clock"]["now"]) - datetime.now(UTC)
    assert timedelta(hours=48.9) < ahead < timedelta(hours=49.1)
    assert client.post("/sim/clock", json={"advance_hours": -1}).status_code == 400


def test_the_offset_is_written_and_a_restart_goes_on_from_it(tmp_path):
    file = tmp_path / "var" / "clock"
    clock = Clock(str(file))
    assert file.read_text() == "0\n"
    clock.advance(timedelta(hours=2))
    assert float(file.read_text()) == 7200
    assert Clock(str(file)).offset_seconds == 7200


def test_a_simulation_may_begin_in_an_earlier_week(tmp_path):
    file = tmp_path / "clock"
    file.write_text("-604800\n")
    clock = Clock(str(file))
    assert timedelta(days=6.9) < datetime.now(UTC) - clock.now() < timedelta(days=7.1)
    clock.advance(timedelta(days=1))
    assert float(file.read_text()) == -518400


@pytest.mark.parametrize("spoilt", ["nonsense", "", "nan", "inf", "1e300"])
def test_a_spoilt_offset_is_none(tmp_path, spoilt):
    file = tmp_path / "clock"
    file.write_text(spoilt)
    assert Clock(str(file)).offset_seconds == 0
    assert file.read_text() == "0\n"


def test_two_citizens_are_there_at_the_start_and_after_a_reset(client, sms_hook):
    sms_hook("<Response/>")
    client.post("/sim/wechat/persons", json={"name": "执法局", "role": "officer", "openid": "oOfficer"})
    client.post(f"/sim/sms/{CITIZEN_NUMBER}/send", json={"text": "STOP"})
    client.post("/sim/clock", json={"advance_hours": 1})
    state = client.get("/sim/phones").get_json()
    assert [phone["id"] for phone in state["phones"]] == [CITIZEN_OPENID, CITIZEN_NUMBER, "oOfficer"]
    client.post("/sim/reset", json={})
    state = client.get("/sim/phones").get_json()
    assert [(phone["id"], phone["bubbles"]) for phone in state["phones"]] == [
        (CITIZEN_OPENID, []),
        (CITIZEN_NUMBER, []),
    ]
    assert (state["clock"]["offset_seconds"], state["phones"][1]["state"]["stopped"]) == (0, [])


@pytest.mark.parametrize(
    "path", ["/sim/faults", "/sim/clock", f"/sim/wechat/{CITIZEN_OPENID}/event", "/sim/sms/numbers"]
)
@pytest.mark.parametrize("body", ["[1]", '{"number": "12", "advance_hours": "x", "kind": "?"}'])
def test_bad_input_is_one_line_and_400(client, path, body):
    answer = client.post(path, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "\n" not in answer.get_json()["error"]


def test_changes_come_once_and_a_page_too_far_behind_starts_anew(client, net):
    revision = client.get("/sim/phones").get_json()["revision"]
    net.phones.show(CITIZEN_OPENID, at=net.clock.now(), direction="in", way="passive", text="好")
    answer = client.get(f"/sim/changes?since={revision}").get_json()
    assert [change["bubble"]["text"] for change in answer["changes"]] == ["好"]
    assert client.get(f"/sim/changes?since={answer['revision']}").get_json()["changes"] == []
    assert client.get("/sim/changes?since=999999").get_json()["changes"] == [{"type": "reset"}]


def test_the_feed_sends_what_happened_since(client, net):
    net.phones.show(CITIZEN_OPENID, at=net.clock.now(), direction="in", way="passive", text="好")
    with client.get("/sim/stream?since=0", buffered=False) as stream:
        event = next(iter(stream.response)).decode()
    head, data = event.strip().split("\n")
    assert head == f"id: {net.phones.snapshot()['revision']}"
    assert json.loads(data.removeprefix("data: "))[-1]["bubble"]["text"] == "好"


def text_of(client, name):
    with client.get(f"/static/{name}") as answer:
        return answer.get_data(as_text=True)


def test_the_page_needs_nothing_from_outside(client):
    page = client.get("/").get_data(as_text=True)
    style, script = text_of(client, "phones.css"), text_of(client, "phones.js") + text_of(client, "bubbles.js")
    assert "试试这样写" in page
    assert "//" not in page.replace("<!DOCTYPE", "").replace("data:,", "")
    assert "url(" not in style
    assert "innerHTML" not in script


def test_the_printed_environment_is_what_the_simulator_itself_uses(capsys):
    assert main(["--print-env", "--port", "8111"]) == 0
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert printed == demo_environment(port=8111)
    assert read_settings(printed) == read_settings({})
    assert printed["WECHAT_API_BASE_URL"] == "http://127.0.0.1:8111/wechat"
    assert len(printed["WECHAT_AES_KEY"]) == 43
    assert printed["WECHAT_AES_KEY"].isalnum()
    assert json.loads(printed["WECHAT_TEMPLATE_FIELDS"])["answer"]["time"] == "time3"


def test_settings_of_the_environment_win_over_the_demos():
    assert read_settings({"WECHAT_TOKEN": "mine"}).wechat_token == "mine"
    with pytest.raises(ValueError, match="mode is"):
        read_settings({}, mode="open")
