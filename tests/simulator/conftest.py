"""A fast simulator, and hooks that check what they get with other libraries than the simulator's own."""

from __future__ import annotations

import pytest
import responses
import xmltodict
from twilio.request_validator import RequestValidator
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from simulator.network import CITIZEN_OPENID
from simulator.server import create_app
from simulator.settings import read_settings

HOOKS = "http://127.0.0.1:8999/hooks"


@pytest.fixture
def settings():
    return make_settings()


def make_settings(**given):
    given = {"wechat_timeout": 0.3, "sms_timeout": 0.3, "result_delay": 0.0} | given
    return read_settings({}, wechat_hook=f"{HOOKS}/wechat", sms_hook=f"{HOOKS}/twilio", **given)


@pytest.fixture
def app(settings):
    app = create_app(settings)
    app.testing = True  # an exception inside a view is the test's, not a 500
    return app


@pytest.fixture
def net(app):
    network = app.extensions["network"]
    yield network
    network.background.settle()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def api(client, net):
    """Call WeChat's interface with a valid token: ``api("message/custom/send", body)``."""

    def call(path, body=None, token=None, **query):
        query["access_token"] = token if token is not None else net.wechat.tokens.stable(force=False)[0]
        return client.post(f"/wechat/cgi-bin/{path}", query_string=query, json=body).get_json()

    return call


@pytest.fixture
def hooks():
    """All HTTP goes here; what leaves otherwise is an error."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


class WeChatHook:
    """An account's server on wechatpy: checks, decrypts, answers ``reply`` (bytes, an exception or a text)."""

    def __init__(self, settings, *replies):
        self.settings = settings
        self.replies = list(replies)
        self.seen = []
        self.queries = []

    def __call__(self, request):
        query, settings = request.params, self.settings
        check_signature(settings.wechat_token, query["signature"], query["timestamp"], query["nonce"])
        body = request.body
        if query.get("encrypt_type") == "aes":
            body = self.crypto().decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        self.queries.append(query)
        self.seen.append(xmltodict.parse(body)["xml"])
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, tuple) else (200, {}, reply)

    def crypto(self):
        return WeChatCrypto(self.settings.wechat_token, self.settings.wechat_aes_key, self.settings.wechat_app_id)

    def sealed_text(self, text, openid=CITIZEN_OPENID, **changed):
        xml = text_reply(self.settings, text, openid, **changed)
        return self.crypto().encrypt_message(xml, "4321", str(1795400000))


def text_reply(settings, text, openid=CITIZEN_OPENID, **changed):
    fields = {
        "ToUserName": openid,
        "FromUserName": settings.wechat_account,
        "CreateTime": 1795400000,
        "MsgType": "text",
        "Content": text,
    } | changed
    return xmltodict.unparse({"xml": fields}, full_document=False)


@pytest.fixture
def wechat_hook(settings, hooks):
    """``hook = wechat_hook(reply, …)``: one reply a call, the last for ever."""

    def start(*replies):
        hook = WeChatHook(settings, *replies)
        hooks.add_callback(responses.POST, f"{HOOKS}/wechat", callback=hook)
        return hook

    return start


class SmsHook:
    """An account's server on twilio's own validator."""

    def __init__(self, settings, *replies):
        self.validator = RequestValidator(settings.twilio_auth_token)
        self.replies = list(replies)
        self.forms = []
        self.headers = []

    def __call__(self, request):
        form = dict(responses.matchers.parse_qsl(request.body or "", keep_blank_values=True))
        assert self.validator.validate(request.url, form, request.headers["X-Twilio-Signature"])
        self.forms.append(form)
        self.headers.append(request.headers)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, tuple) else (200, {"Content-Type": "text/xml"}, reply)


@pytest.fixture
def sms_hook(settings, hooks):
    def start(*replies, path="/twilio"):
        hook = SmsHook(settings, *replies)
        hooks.add_callback(responses.POST, f"{HOOKS}{path}", callback=hook)
        return hook

    return start


@pytest.fixture
def shown(net):
    """The bubbles of a phone as (direction, way, text)."""

    def read(phone=CITIZEN_OPENID):
        net.background.settle()
        return [(bubble.direction, bubble.way, bubble.text) for bubble in net.phones.get(phone).bubbles]

    return read
