"""Media, users, menu; and the faults to order."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from simulator.network import CITIZEN_OPENID

CUSTOM = {"touser": CITIZEN_OPENID, "msgtype": "text", "text": {"content": "ok"}}


@pytest.fixture
def token(net):
    return net.wechat.tokens.stable(force=False)[0]


def get(client, token, media_id):
    return client.get("/wechat/cgi-bin/media/get", query_string={"access_token": token, "media_id": media_id})


def test_a_picture_sent_from_the_phone_can_be_fetched_for_three_days(client, token, net, wechat_hook):
    hook = wechat_hook(b"success")
    client.post(f"/sim/wechat/{CITIZEN_OPENID}/send", json={"kind": "image"})
    answer = get(client, token, hook.seen[0]["MediaId"])
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert answer.data.startswith(b"\xff\xd8\xff")
    net.clock.advance(timedelta(days=3))
    fresh = net.wechat.tokens.stable(force=False)[0]
    expired = get(client, fresh, hook.seen[0]["MediaId"])
    assert (expired.status_code, expired.get_json()["errcode"]) == (200, 40007)


def test_a_chosen_picture_is_the_one_fetched(client, token, wechat_hook):
    hook = wechat_hook(b"success")
    client.post(
        f"/sim/wechat/{CITIZEN_OPENID}/send", json={"kind": "image", "picture": "data:image/png;base64,iVBORw=="}
    )
    answer = get(client, token, hook.seen[0]["MediaId"])
    assert (answer.content_type, answer.data) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize("picture", ["data:text/html;base64,PGI+", "data:image/png;base64,%%%", "nonsense"])
def test_what_is_no_picture_is_refused(client, picture):
    path = f"/sim/wechat/{CITIZEN_OPENID}/send"
    assert client.post(path, json={"kind": "image", "picture": picture}).status_code == 400


def test_a_video_comes_as_an_address(client, token, wechat_hook):
    hook = wechat_hook(b"success")
    client.post(f"/sim/wechat/{CITIZEN_OPENID}/send", json={"kind": "video"})
    address = get(client, token, hook.seen[0]["MediaId"]).get_json()["video_url"]
    assert client.get(address.removeprefix("http://127.0.0.1:8100")).status_code == 200


def test_an_uploaded_picture_can_be_sent(client, token, net):
    query = f"?access_token={token}"
    form = {"media": (io.BytesIO(b"\x89PNG"), "a.png", "image/png")}
    uploaded = client.post(f"/wechat/cgi-bin/media/upload{query}&type=image", data=form).get_json()
    net.wechat.wrote(CITIZEN_OPENID)
    body = {"touser": CITIZEN_OPENID, "msgtype": "image", "image": {"media_id": uploaded["media_id"]}}
    assert client.post(f"/wechat/cgi-bin/message/custom/send{query}", json=body).get_json()["errcode"] == 0
    picture = net.phones.get(CITIZEN_OPENID).bubbles[-1].picture
    assert client.get(picture).data == b"\x89PNG"


def test_a_user_has_no_nickname_and_one_who_left_has_nothing(client, token, net):
    query = {"access_token": token, "openid": CITIZEN_OPENID}
    assert client.get("/wechat/cgi-bin/user/info", query_string=query).get_json()["nickname"] == ""
    net.wechat.acted(CITIZEN_OPENID, "unsubscribe")
    left = client.get("/wechat/cgi-bin/user/info", query_string=query).get_json()
    assert left == {"subscribe": 0, "openid": CITIZEN_OPENID}


def test_a_menu_is_kept_for_the_page(client, token):
    buttons = [{"type": "click", "name": "查进度", "key": "progress"}]
    path = f"/wechat/cgi-bin/menu/create?access_token={token}"
    assert client.post(path, json={"button": buttons}).get_json()["errcode"] == 0
    assert client.get("/sim/phones").get_json()["menu"] == buttons
    assert client.post(path, json={"button": []}).get_json()["errcode"] == 40016


# -- faults -----------------------------------------------------------------------------------------


@pytest.fixture
def send(client, token, net):
    net.wechat.wrote(CITIZEN_OPENID)
    return lambda: client.post(f"/wechat/cgi-bin/message/custom/send?access_token={token}", json=CUSTOM)


def order(client, **fault):
    assert client.post("/sim/faults", json={"endpoint": "wechat/message/custom/send"} | fault).status_code == 200


def test_an_ordered_errcode_comes_as_often_as_ordered(client, send, shown):
    order(client, errcode=45009, times=2)
    assert [send().get_json()["errcode"] for _ in range(3)] == [45009, 45009, 0]
    assert len(shown()) == 1


def test_a_fault_for_one_person_spares_the_others(client, send):
    order(client, errcode=45015, recipient="oSomebodyElse")
    assert send().get_json()["errcode"] == 0


def test_a_fault_without_number_stays_until_removed_by_name(client, send):
    order(client, errcode=-1, times=None, name="busy")
    assert [send().get_json()["errcode"] for _ in range(3)] == [-1] * 3
    client.delete("/sim/faults?name=other")
    assert send().get_json()["errcode"] == -1
    client.delete("/sim/faults?name=busy")
    assert send().get_json()["errcode"] == 0


def test_an_html_page_comes_with_200_and_nothing_is_shown(client, send, shown):
    order(client, kind="html")
    answer = send()
    assert (answer.status_code, answer.content_type) == (200, "text/html")
    assert shown() == []


def test_an_http_error_and_a_held_call(client, send, shown):
    order(client, kind="http", status=502)
    order(client, kind="timeout", seconds=0.01)
    assert [send().status_code for _ in range(3)] == [502, 504, 200]
    assert len(shown()) == 1


def test_a_reset_shows_the_message_and_gives_no_answer(client, send, shown):
    order(client, kind="reset")
    with pytest.raises(ConnectionResetError):
        send()
    assert len(shown()) == 1


@pytest.mark.parametrize("fault", [{"kind": "earthquake"}, {"unknown": 1}])
def test_an_unknown_fault_is_refused(client, fault):
    assert client.post("/sim/faults", json={"endpoint": "wechat/token"} | fault).status_code == 400
