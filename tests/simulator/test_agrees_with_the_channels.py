"""The product's channels against the simulated platforms: two implementations that share no code."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from adapters.kit.base import Received, WebhookRequest
from adapters.twilio import Twilio
from adapters.wechat import WeChat
from bot.edge.errors import SendError
from bot.edge.messages import Address, Contact, ContactEvent, Kind, Location, OutboundMessage, Way
from simulator.network import CITIZEN_NUMBER, CITIZEN_OPENID
from simulator.server import create_app, running
from simulator.settings import demo_environment
from tests.kit.fakes import fake_services
from tests.simulator.conftest import HOOKS, make_settings
from tests.simulator.test_wire import free_port

MODES = [(mode, push) for mode in ("plain", "compatible", "safe") for push in ("xml", "json")]


def services(net):
    """In the simulator's own time."""
    return fake_services(net.clock)


def fields_of(channel, prefix, **more):
    """The channel's settings from the printed environment, as the application reads them."""
    names = {field.alias or name for name, field in channel.Config.model_fields.items()}
    printed = {name.removeprefix(prefix).lower(): value for name, value in demo_environment().items()}
    return channel.Config(**{name: value for name, value in (printed | more).items() if name in names})


def hooked(net, mocked, channel, path, reply):
    """Serve the channel's hook; returns the list of what it understood."""
    seen = []

    def hook(request):
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        raw = request.body.encode() if isinstance(request.body, str) else request.body
        call = WebhookRequest("POST", request.url, dict(parse_qsl(parts.query)), headers, raw)
        received = channel.receive(call, net.clock.now())
        seen.extend(received.events)
        answer = channel.acknowledge(received, reply)
        return answer.status, {"Content-Type": answer.content_type}, answer.body

    mocked.add_callback(responses.POST, f"{HOOKS}/{path}", callback=hook)
    return seen


@pytest.fixture(params=MODES, ids="-".join)
def wechat(request, hooks):
    """(client, what the channel understood) in every mode and format."""
    mode, push = request.param
    app = create_app(make_settings(mode=mode, push_format=push))
    net = app.extensions["network"]
    channel = WeChat("wechat", fields_of(WeChat, "WECHAT_", allow_plain=True), services(net))
    return app.test_client(), hooked(net, hooks, channel, "wechat", "已收到 ]]> 编号 1024")


def test_a_text_arrives_and_its_reply_is_shown(wechat):
    client, seen = wechat
    report = client.post(f"/sim/wechat/{CITIZEN_OPENID}/send", json={"text": "路灯 ]]> 坏了😀"}).get_json()
    assert report | {"reply": "已收到 ]]> 编号 1024", "tries": 1} == report
    assert (seen[0].text, seen[0].sender.value, seen[0].kind) == ("路灯 ]]> 坏了😀", CITIZEN_OPENID, Kind.TEXT)


KINDS = [
    ({"kind": "image"}, Kind.IMAGE), ({"kind": "voice", "recognition": "灯坏了"}, Kind.VOICE),
    ({"kind": "video"}, Kind.VIDEO),
    ({"kind": "location", "label": "建设路"}, Kind.LOCATION), ({"kind": "link", "title": "报道"}, Kind.LINK),
    ({"kind": "file", "title": "图.pdf"}, Kind.FILE),
]  # fmt: skip


def test_every_kind_is_understood(wechat):
    client, seen = wechat
    for given, _ in KINDS:
        assert client.post(f"/sim/wechat/{CITIZEN_OPENID}/send", json=given).get_json()["outcome"] == "reply"
    assert [message.kind for message in seen] == [kind for _, kind in KINDS]
    assert isinstance(seen[3].location, Location)
    assert seen[1].text == "灯坏了"


EVENTS = [
    ("event", {"event": "CLICK", "key": "help"}, Contact.MENU), ("event", {"event": "SCAN", "key": "7"}, Contact.SCAN),
    ("event", {"event": "VIEW", "key": "u"}, Contact.VIEW), ("event", {"event": "LOCATION"}, Contact.POSITION),
    ("follow", {"follow": True, "scene": "4"}, Contact.FOLLOW), ("follow", {"follow": False}, Contact.UNFOLLOW),
    ("subscribe", {"template": "SUB_ANSWER"}, Contact.SUBSCRIPTION),
    ("subscribe", {"template": "SUB_ANSWER", "accept": False, "via": "change"}, Contact.SUBSCRIPTION),
]  # fmt: skip


def test_every_event_is_understood(wechat):
    client, seen = wechat
    for action, given, _ in EVENTS:
        client.post(f"/sim/wechat/{CITIZEN_OPENID}/{action}", json=given)
    assert [event.event for event in seen if isinstance(event, ContactEvent)] == [event for _, _, event in EVENTS]
    assert [event.choices for event in seen[-2:]] == [{"SUB_ANSWER": True}, {"SUB_ANSWER": False}]


@pytest.mark.integration
def test_every_way_out_reaches_the_phone():
    settings = make_settings(port=free_port())
    with running(settings) as net:
        base = settings.base_url
        channel = WeChat("wechat", fields_of(WeChat, "WECHAT_", api_base_url=f"{base}/wechat"), services(net))
        sms = Twilio("twilio", fields_of(Twilio, "TWILIO_", api_base_url=f"{base}/twilio"), services(net))
        net.wechat.wrote(CITIZEN_OPENID)
        net.wechat.subscribed(CITIZEN_OPENID, "SUB_ANSWER", accept=True, long_term=False)
        for way in (Way.CUSTOMER_SERVICE, Way.TEMPLATE, Way.SUBSCRIPTION):
            channel.send(answer(Address("wechat", CITIZEN_OPENID), way))
        with pytest.raises(SendError, match="43101"):
            channel.send(answer(Address("wechat", CITIZEN_OPENID), Way.SUBSCRIPTION))
        sms.send(answer(Address("sms", CITIZEN_NUMBER), Way.SMS))
        net.background.settle()
        ways = [bubble.way for bubble in net.phones.get(CITIZEN_OPENID).bubbles]
        assert ways == ["customer_service", "template_message", "subscription_notice"]
        assert net.phones.get(CITIZEN_NUMBER).bubbles[0].text == "您反映的路灯已经修好"
        assert net.calls.listing()["counts"]["wechat/stable_token"] == 1


def answer(to, way):
    fields = {
        "number": "CX-1024",
        "subject": "建设路路灯不亮，晚上很黑，老人出门不便，请尽快修",
        "time": "2026-11-27 17:00",
        "remark": "已修好",
    }
    return OutboundMessage(to, way, text="您反映的路灯已经修好", template="answer", fields=fields, once="out-1")


def test_a_text_by_sms_arrives_and_its_reply_is_shown(hooks, net, client):
    channel = Twilio("twilio", fields_of(Twilio, "TWILIO_"), services(net))
    seen = hooked(net, hooks, channel, "twilio", "已收到，编号 1024 <b>&")
    report = client.post(f"/sim/sms/{CITIZEN_NUMBER}/send", json={"text": "路灯坏了"}).get_json()
    assert report["reply"] == "已收到，编号 1024 <b>&"
    assert (seen[0].text, seen[0].sender) == ("路灯坏了", Address("sms", CITIZEN_NUMBER))
    assert channel.acknowledge(Received(), None).status == 200
