"""What leaves a WeChat phone, and what the platform makes of the answer."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import requests
import responses

from simulator import texts
from simulator.network import CITIZEN_OPENID
from simulator.server import create_app
from tests.simulator.conftest import HOOKS, WeChatHook, make_settings, text_reply

SEND = f"/sim/wechat/{CITIZEN_OPENID}/send"


@pytest.mark.parametrize("silent", [b"success", b""])
def test_success_or_nothing_shows_nothing(client, wechat_hook, shown, silent):
    hook = wechat_hook(silent)
    report = client.post(SEND, json={"kind": "text", "text": "路灯坏了"}).get_json()
    assert (report["outcome"], report["tries"], report["statuses"]) == ("silent", 1, [200])
    assert hook.seen[0]["Content"] == "路灯坏了"
    assert shown() == [("out", "wechat", "路灯坏了")]


def test_an_encrypted_text_reply_is_shown(client, settings, wechat_hook, shown):
    hook = wechat_hook("success")
    hook.replies = [hook.sealed_text("已收到，编号 1024")]
    report = client.post(SEND, json={"kind": "text", "text": "路灯坏了"}).get_json()
    assert report["reply"] == "已收到，编号 1024"
    assert shown()[-1] == ("in", "passive", "已收到，编号 1024")


def test_no_answer_in_time_is_asked_three_times_with_one_msgid_and_then_shown(client, wechat_hook, shown):
    hook = wechat_hook(requests.ReadTimeout())
    report = client.post(SEND, json={"kind": "text", "text": "在吗"}).get_json()
    assert (report["outcome"], report["tries"]) == ("unanswered", 3)
    assert len({message["MsgId"] for message in hook.seen}) == 1
    assert all(a["nonce"] != b["nonce"] for a, b in pairwise(hook.queries))
    assert shown()[-1] == ("note", "system", texts.SERVICE_UNAVAILABLE)


def test_a_second_try_that_is_answered_ends_the_matter(client, wechat_hook, shown):
    hook = wechat_hook((500, {}, "Internal Server Error"), b"success")
    report = client.post(SEND, json={"kind": "text", "text": "在吗"}).get_json()
    assert (report["outcome"], report["statuses"]) == ("silent", [500, 200])
    assert len(hook.seen) == 2
    assert shown() == [("out", "wechat", "在吗")]


ABNORMAL = {
    "json": '{"errcode":0}',
    "html": "<!DOCTYPE html><html><body>hello</body></html>",
    "spaces": "   ",
    "other root": "<reply><MsgType>text</MsgType></reply>",
    "ok instead of success": "ok",
}


@pytest.mark.parametrize("body", ABNORMAL.values(), ids=ABNORMAL.keys())
def test_an_abnormal_answer_shows_the_account_as_out_of_service(client, wechat_hook, shown, body):
    wechat_hook(body)
    report = client.post(SEND, json={"kind": "text", "text": "在吗"}).get_json()
    assert (report["outcome"], report["tries"]) == ("abnormal", 1)
    assert shown()[-1] == ("note", "system", texts.SERVICE_UNAVAILABLE)


@pytest.mark.parametrize("status", [302, 403, 404, 502])
def test_an_error_status_is_tried_again_and_then_shown(client, wechat_hook, shown, status):
    wechat_hook((status, {"Location": "http://127.0.0.1/"}, ""))
    report = client.post(SEND, json={"kind": "text", "text": "在吗"}).get_json()
    assert report["statuses"] == [status] * 3
    assert shown()[-1][2] == texts.SERVICE_UNAVAILABLE


BROKEN_REPLIES = {
    "to somebody else": {"ToUserName": "oSomebodyElse"},
    "not a text": {"MsgType": "image"},
    "empty": {"Content": " "},
    "over 2048 bytes": {"Content": "字" * 683},
    "no time": {"CreateTime": "now"},
}


@pytest.mark.parametrize("changed", BROKEN_REPLIES.values(), ids=BROKEN_REPLIES.keys())
def test_a_wrong_reply_is_abnormal(client, wechat_hook, changed):
    hook = wechat_hook("success")
    hook.replies = [hook.sealed_text("好", **changed)]
    assert client.post(SEND, json={"text": "在吗"}).get_json()["outcome"] == "abnormal"


def test_2046_bytes_of_chinese_are_shown_whole(client, wechat_hook, shown):
    hook = wechat_hook("success")
    hook.replies = [hook.sealed_text("字" * 682)]
    client.post(SEND, json={"text": "在吗"})
    assert shown()[-1][2] == "字" * 682


def test_a_reply_with_a_second_content_is_abnormal(client, wechat_hook, settings):
    """What happens to a text with ``]]>`` put into CDATA carelessly."""
    hook = wechat_hook("success")
    xml = text_reply(settings, "a").replace("</Content>", "</Content><Content>b</Content>")
    hook.replies = [hook.crypto().encrypt_message(xml, "1", "1795400000")]
    assert client.post(SEND, json={"text": "在吗"}).get_json()["why"] == "an element stands twice"


def test_a_plain_reply_in_safe_mode_and_a_forged_one_are_abnormal(client, wechat_hook, settings):
    hook = wechat_hook(text_reply(settings, "好"))
    assert client.post(SEND, json={"text": "在吗"}).get_json()["why"] == "plain answer in safe mode"
    sealed = hook.sealed_text("好")
    hook.replies = [sealed.replace("<TimeStamp>", "<TimeStamp>1")]
    assert client.post(SEND, json={"text": "在吗"}).get_json()["why"] == "bad MsgSignature"


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_each_mode_reaches_a_hook_and_brings_its_reply(hooks, mode):
    settings = make_settings(mode=mode)
    client = create_app(settings).test_client()
    hook = WeChatHook(settings, "success")
    hook.replies = [text_reply(settings, "好") if mode != "safe" else hook.sealed_text("好")]
    hooks.add_callback(responses.POST, f"{HOOKS}/wechat", callback=hook)
    assert client.post(SEND, json={"text": "路灯"}).get_json()["reply"] == "好"
    assert hook.seen[0]["Content"] == "路灯"
    assert ("encrypt_type" in hook.queries[0]) == (mode != "plain")


def test_json_pushes_carry_the_same_fields(hooks):
    settings = make_settings(mode="plain", push_format="json")
    client = create_app(settings).test_client()
    bodies = []

    def hook(request):
        bodies.append(json.loads(request.body))
        fields = {
            "ToUserName": CITIZEN_OPENID,
            "FromUserName": settings.wechat_account,
            "CreateTime": 1,
            "MsgType": "text",
        }
        return 200, {}, json.dumps(fields | {"Content": "好"})

    hooks.add_callback(responses.POST, f"{HOOKS}/wechat", callback=hook)
    assert client.post(SEND, json={"text": "路灯"}).get_json()["reply"] == "好"
    assert bodies[0]["MsgType"] == "text"
    assert isinstance(bodies[0]["CreateTime"], int)


KINDS = [
    ({"kind": "image"}, "image", {"PicUrl", "MediaId"}),
    ({"kind": "voice", "recognition": "路灯坏了"}, "voice", {"MediaId", "Format", "Recognition"}),
    ({"kind": "voice"}, "voice", {"MediaId", "Format"}),
    ({"kind": "video"}, "video", {"MediaId", "ThumbMediaId"}),
    ({"kind": "location", "label": "建设路"}, "location", {"Location_X", "Location_Y", "Scale", "Label"}),
    ({"kind": "link", "title": "报道", "url": "http://example.com/"}, "link", {"Title", "Description", "Url"}),
    ({"kind": "file", "title": "图.pdf"}, "file", {"Title"}),
]


@pytest.mark.parametrize(("given", "kind", "fields"), KINDS)
def test_every_kind_of_message_is_pushed_with_its_fields(client, wechat_hook, given, kind, fields):
    hook = wechat_hook(b"success")
    client.post(SEND, json=given)
    message = hook.seen[0]
    assert message["MsgType"] == kind
    assert fields <= set(message)
    assert message["MsgId"].isdigit()
    assert ("Recognition" in message) == ("recognition" in given)


EVENTS = [
    ("event", {"event": "CLICK", "key": "help"}, {"Event": "CLICK", "EventKey": "help"}),
    ("event", {"event": "SCAN", "key": "7"}, {"Event": "SCAN", "EventKey": "7"}),
    ("event", {"event": "VIEW", "key": "http://example.com/"}, {"Event": "VIEW"}),
    ("event", {"event": "LOCATION", "latitude": 30.5}, {"Event": "LOCATION", "Latitude": "30.5"}),
    ("event", {"event": "madeup", "extra": {"Foo": "bar"}}, {"Event": "madeup", "Foo": "bar"}),
    ("follow", {"follow": True, "scene": "42"}, {"Event": "subscribe", "EventKey": "qrscene_42"}),
    ("follow", {"follow": False}, {"Event": "unsubscribe"}),
    ("raw", {"fields": {"MsgType": "notsure", "CreateTime": None}}, {"MsgType": "notsure"}),
]


@pytest.mark.parametrize(("action", "given", "expected"), EVENTS)
def test_events_are_pushed_with_their_key_and_without_msgid(client, wechat_hook, action, given, expected):
    hook = wechat_hook(b"success")
    assert client.post(f"/sim/wechat/{CITIZEN_OPENID}/{action}", json=given).get_json()["outcome"] == "silent"
    assert expected.items() <= hook.seen[0].items()
    assert "MsgId" not in hook.seen[0]


def test_a_text_that_looks_like_markup_arrives_unchanged(client, wechat_hook):
    hook = wechat_hook(b"success")
    text = "<b>]]></Content><Content>假</b> & 𠮷😀"
    client.post(SEND, json={"text": text})
    assert hook.seen[0]["Content"] == text


def test_a_phone_nobody_has_is_refused_in_one_line(client):
    answer = client.post("/sim/wechat/oNobody/send", json={"text": "在吗"})
    assert (answer.status_code, answer.get_json()) == (400, {"error": "40003 invalid openid"})


def test_the_url_check_wants_its_random_string_back(client, hooks):
    hooks.add_callback(responses.GET, f"{HOOKS}/wechat", callback=lambda request: (200, {}, request.params["echostr"]))
    assert client.post("/sim/wechat/verify_hook").get_json() == {"ok": True, "status": 200}
    hooks.replace(responses.GET, f"{HOOKS}/wechat", body="ok")
    assert client.post("/sim/wechat/verify_hook").get_json()["ok"] is False
