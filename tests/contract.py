"""What every channel must hold. Subclass ``ChannelContract`` in the channel's test file and fill the hooks:
security, repeats, odd bytes, passive replies, cutting, error mapping and silence of the logs come for nothing.

A hook that does not apply returns None or an empty table; then its tests are skipped with that reason. What a channel
does not have it says in its ``limits``: one without a passive reply is held to showing none, one of registered texts to
refusing free ones.
"""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import requests
import responses

from adapters.kit.base import Channel, Received, WebhookRequest
from bot.edge.errors import Ambiguous, MediaError, Misconfigured, Refused, SendError, Temporary, WebhookRejected
from bot.edge.messages import Address, InboundMessage, Kind, MediaRef, OutboundMessage, Way
from bot.text.sms import size
from tests.kit.fakes import START

if TYPE_CHECKING:
    from datetime import datetime

    from bot.edge.messages import Event

CURRENT, PREVIOUS, OTHER = "current", "previous", "other"

CITIZEN_TEXT = "人民东路路灯坏了三天"

ODD_TEXTS = {
    "emoji": "路灯坏了😡👨\u200d👩\u200d👧",
    "beyond the BMP": "𠮷祥街䶮家巷",
    "NUL inside": "路灯\0坏了",
    "control characters": "路\x01灯\x1d坏\x1f了",
    "right-to-left override": "\u202e路灯坏了",
    "Uyghur and Tibetan": "كوچا چىرىغى ལམ་གྱི་སྒྲོན་མེ",
    "markup": "</Message><Message>]]><Content>&amp;",
    "mixed width": "收１０２４　ＡＢＣ",
    "line ends": "第一行\r\n第二行\t完",
    "zero width": "路\u200b灯\ufeff坏了",
    "only spaces": "   ",
    "very long": "路灯坏了，" * 1200,
}

HOSTILE_REPLIES = (
    "]]></Content><Content>假的",
    "</Message></Response><Response>",
    "a\x00b\x01c\x0bd\x1fe",
    "\ud83d坏\udc00",
    "\ufffe\uffff",
    "&lt;&#0;",
    "",
)

ODD_BODIES = (
    b"", b" ", b"\0" * 64, b"\xff\xfe\xfa", b"{", b"[]", b"null", b"1e999", b'{"id": 1}', b"<xml>", b"<a>" * 5000,
    b"[" * 20_000, b"a=1&a=2&=&&", b"%ff%00%", "路灯".encode("gbk"),
)  # fmt: skip


@dataclass(frozen=True)
class ErrorCase:
    """What the far end answers, and what ``send`` must raise. ``raises`` is a transport failure instead."""

    name: str
    expected: type[SendError]
    status: int = 200
    body: str = ""
    raises: Exception | None = None
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)


TRANSPORT_CASES = (
    ErrorCase("cannot connect in time", Temporary, raises=requests.ConnectTimeout("x")),
    ErrorCase("no answer in time", Ambiguous, raises=requests.ReadTimeout("x")),
    ErrorCase("cut off after sending", Ambiguous, raises=requests.ConnectionError("Connection aborted.")),
)


class ChannelContract:
    """Inherit, set the class attributes, write the hooks. Nothing here needs the network."""

    account: ClassVar[str] = "contract"
    secrets: ClassVar[tuple[str, ...]]
    """Every secret ``make_channel`` is built with: none may ever be printed."""
    recipient: ClassVar[Address]
    way: ClassVar[Way]
    template: ClassVar[str] = ""
    """Where texts are registered: one of our keys (answer, notice, order) ``make_channel`` has a template for."""
    error_cases: ClassVar[tuple[ErrorCase, ...]] = ()
    speaks_http: ClassVar[bool] = True

    # -- hooks ---------------------------------------------------------------------------------------

    def make_channel(self) -> Channel:
        """With ``CURRENT`` and ``PREVIOUS`` secrets set."""
        raise NotImplementedError

    def signed_request(
        self, text: str, *, number: int = 1, secret: str = CURRENT, at: datetime = START
    ) -> WebhookRequest:
        """A citizen's text as the platform sends it: message ``number``, signed with one of three secrets."""
        raise NotImplementedError

    def signed_body(self, body: bytes) -> WebhookRequest | None:
        """Any bytes, rightly signed; None where the platform's envelope makes that impossible."""
        raise NotImplementedError

    def unsigned(self, request: WebhookRequest) -> WebhookRequest:
        raise NotImplementedError

    def corrupt_signature(self, request: WebhookRequest) -> WebhookRequest:
        raise NotImplementedError

    def changed(self, body: bytes) -> tuple[bytes, ...]:
        """The signed bytes with something changed, added, taken away."""
        middle = len(body) // 2
        flipped = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        return flipped, body[:-1], body + b"&x=1", b""

    def stale_request(self) -> WebhookRequest | None:
        """Signed rightly, hours ago; None where the platform signs no time."""
        return None

    def read_reply(self, body: bytes) -> str:
        """The text the citizen sees, read with a strict parser; ``""`` for none. Asked only of a channel with a
        passive reply.
        """
        raise NotImplementedError

    def expected_text(self, text: str) -> str:
        """How an inbound text must come out: all channels drop NUL."""
        return text.replace("\0", "")

    def far_end(self, mock: responses.RequestsMock, case: ErrorCase | None) -> None:
        """Make the mocked platform answer as in ``case``; None: accept the message."""

    def outbound(self, text: str) -> OutboundMessage:
        """What ``send`` is tried with: ``text``, or the template with ``text`` as its subject."""
        if self.template:
            fields = {"number": "26-1123-0042", "subject": text, "time": "11月27日", "remark": "已答复"}
            return OutboundMessage(self.recipient, self.way, template=self.template, fields=fields, once="once-1")
        return OutboundMessage(to=self.recipient, way=self.way, text=text, once="once-1")

    # -- who is calling ------------------------------------------------------------------------------

    def refused(self, request: WebhookRequest) -> int:
        with pytest.raises(WebhookRejected) as caught:
            self.make_channel().receive(request, START)
        return caught.value.status

    def test_a_signed_message_is_taken(self):
        event = self.event(CITIZEN_TEXT)
        assert (event.kind, event.text, event.channel) == (Kind.TEXT, CITIZEN_TEXT, self.account)

    def test_an_unsigned_message_is_refused(self):
        assert self.refused(self.unsigned(self.signed_request(CITIZEN_TEXT))) in {401, 403}

    def test_a_wrong_signature_is_refused(self):
        assert self.refused(self.corrupt_signature(self.signed_request(CITIZEN_TEXT))) in {401, 403}

    def test_a_signature_by_another_secret_is_refused(self):
        assert self.refused(self.signed_request(CITIZEN_TEXT, secret=OTHER)) in {401, 403}

    def test_a_signature_by_the_previous_secret_is_taken(self):
        request = self.signed_request(CITIZEN_TEXT, secret=PREVIOUS)
        assert self.make_channel().receive(request, START).events[0].text == CITIZEN_TEXT

    def test_a_changed_body_is_refused(self):
        request = self.signed_request(CITIZEN_TEXT)
        for body in self.changed(request.body):
            assert body != request.body
            assert self.refused(replace(request, body=body)) in {400, 401, 403}

    def test_a_stale_message_is_refused(self):
        request = self.stale_request()
        if request is None:
            pytest.skip("the platform signs no time")
        assert self.refused(request) in {401, 403}

    @pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
    def test_another_method_is_never_a_message(self, method):
        request = replace(self.signed_request(CITIZEN_TEXT), method=method)
        assert self.events_or_refusal(request) == ()

    # -- what does it say ----------------------------------------------------------------------------

    def event(self, text: str, *, number: int = 1) -> InboundMessage:
        event = self.make_channel().receive(self.signed_request(text, number=number), START).events[0]
        assert isinstance(event, InboundMessage)
        return event

    @pytest.mark.parametrize("name", ODD_TEXTS)
    def test_an_odd_text_arrives_unchanged_and_can_be_stored(self, name):
        text = self.event(ODD_TEXTS[name]).text
        assert text == self.expected_text(ODD_TEXTS[name])
        assert "\0" not in text
        assert text.encode("utf-8").decode("utf-8") == text

    def test_a_repeat_has_the_same_id_and_another_message_a_different_one(self):
        first, again, other = (self.event("好的", number=number).external_id for number in (1, 1, 2))
        assert first == again != other

    @pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: repr(body[:12]))
    def test_any_signed_bytes_are_kept_or_refused_but_never_crash(self, body):
        request = self.signed_body(body)
        if request is None:
            pytest.skip("the platform's envelope cannot carry these bytes")
        assert all(event.external_id for event in self.events_or_refusal(request))

    def events_or_refusal(self, request: WebhookRequest) -> tuple[Event, ...]:
        """The events, or none for a refusal that blames the caller (4xx)."""
        try:
            return self.make_channel().receive(request, START).events
        except WebhookRejected as rejected:
            if not 400 <= rejected.status < 500:
                raise
            return ()

    # -- answering -----------------------------------------------------------------------------------

    def reply(self, text: str | None) -> str:
        channel = self.make_channel()
        if not channel.limits.passive_longest:
            pytest.skip("the channel has no passive reply")
        received = channel.receive(self.signed_request(CITIZEN_TEXT), START)
        response = channel.acknowledge(received, text)
        assert response.status == 200
        return self.read_reply(response.body)

    def test_a_passive_reply_is_what_the_citizen_reads(self):
        assert self.reply("已收到，编号 2611230042") == "已收到，编号 2611230042"

    def test_no_reply_shows_nothing(self):
        assert self.reply(None) == ""

    @pytest.mark.parametrize("text", HOSTILE_REPLIES, ids=ascii)
    def test_no_reply_text_breaks_the_envelope(self, text):
        plain = "".join(char for char in text if char.isprintable() and not "\ud800" <= char <= "\udfff")
        shown = self.reply(text)
        assert [char for char in plain if char not in shown] == []

    @pytest.mark.parametrize("whole", ["中", "😀", "👨\u200d👩\u200d👧", "e\u0301", "🇨🇳"])
    @pytest.mark.parametrize("shift", [0, 1, 2])
    def test_a_long_reply_is_cut_to_fit_and_never_inside_a_character(self, whole, shift):
        limits = self.make_channel().limits
        shown = self.reply("a" * shift + whole * 3000)
        assert 0 < size(shown, limits.unit) <= limits.passive_longest
        rest = shown.removeprefix("a" * shift)
        while rest.startswith(whole):
            rest = rest.removeprefix(whole)
        assert rest.strip("….") == ""  # a mark that something is missing may follow

    def test_without_a_passive_reply_no_text_goes_into_the_answer(self):
        channel = self.make_channel()
        if channel.limits.passive_longest:
            pytest.skip("the channel has a passive reply")
        received = channel.receive(self.signed_request(CITIZEN_TEXT), START)
        assert channel.acknowledge(received, "已收到，编号 2611230042") == channel.acknowledge(received, None)
        assert channel.acknowledge(received, None).status in {200, 202, 204}

    def test_a_call_nobody_could_read_is_acknowledged_too(self):
        channel = self.make_channel()
        response = channel.acknowledge(Received(), None)
        assert response.status in {200, 202, 204}
        if channel.limits.passive_longest:
            assert (response.status, self.read_reply(response.body)) == (200, "")

    # -- sending -------------------------------------------------------------------------------------

    def send(self, case: ErrorCase | None, text: str = "您的诉求已办结") -> Any:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            self.far_end(mock, case)
            return self.make_channel().send(self.outbound(text))

    def test_a_message_handed_over_has_an_id_and_its_parts(self):
        sent = self.send(None)
        assert sent.external_id
        assert sent.parts == 1

    def test_every_row_of_the_error_table_raises_its_class(self):
        if not self.error_cases:
            pytest.skip("the channel has no far end with codes")
        wrong = {}
        for case in self.error_cases:
            raised = self.raised(case)
            if type(raised) is not case.expected or (case.code and raised.code != case.code):
                wrong[case.name] = (type(raised).__name__, getattr(raised, "code", None))
        assert wrong == {}

    def raised(self, case: ErrorCase) -> Exception | None:
        try:
            self.send(case)
        except SendError as error:
            return error
        return None

    @pytest.mark.parametrize("case", TRANSPORT_CASES, ids=lambda case: case.name)
    def test_a_lost_connection_tells_whether_the_message_may_have_gone(self, case):
        if self.speaks_http:
            assert type(self.raised(case)) is case.expected

    @pytest.mark.parametrize("status", [200, 201, 302, 418, 502])
    def test_an_answer_nobody_expects_is_a_send_error_too(self, status):
        if self.speaks_http:
            for body in ("", "<html>502</html>", "[]", "null", "{}", '{"sid": 7}', "[" * 20_000):
                assert isinstance(self.raised(ErrorCase("odd", SendError, status=status, body=body)), SendError)

    def test_a_way_the_channel_does_not_have_is_refused(self):
        channel = self.make_channel()
        for way in set(Way) - {out.way for out in channel.ways}:
            assert channel.can_send(way)
            with pytest.raises(Refused):
                channel.send(replace(self.outbound("x"), way=way))

    def test_a_free_text_is_refused_where_texts_are_registered(self):
        channel = self.make_channel()
        if channel.limits.texts == "free":
            pytest.skip("the channel takes free texts")
        assert self.template, "name a template make_channel has"
        assert not channel.can_send(self.way, self.template)
        assert channel.can_send(self.way, "no-such-template")
        with responses.RequestsMock(), pytest.raises((Refused, Misconfigured)):  # no call is mocked
            channel.send(OutboundMessage(self.recipient, self.way, text="您的诉求已办结"))
        with responses.RequestsMock(), pytest.raises((Refused, Misconfigured)):
            channel.send(OutboundMessage(self.recipient, self.way, template="no-such-template"))

    def test_a_link_is_refused_where_none_may_go(self):
        channel = self.make_channel()
        if channel.links_to(self.recipient) != "none":
            pytest.skip("the channel carries links")
        with responses.RequestsMock(), pytest.raises(Refused):
            channel.send(self.outbound("见 https://wz.example.gov.cn/i/Ab3dE9"))

    @pytest.mark.parametrize(
        "ref",
        ["http://127.0.0.1/x", "http://169.254.169.254/latest", "http://[::1]/x", "file:///etc/passwd", "cat.jpg", ""],
    )
    def test_media_inside_our_network_is_not_fetched(self, ref):
        with responses.RequestsMock() as mock, pytest.raises(MediaError):  # any call would fail: none is mocked
            self.make_channel().fetch_media(MediaRef(ref, Kind.IMAGE))
        assert len(mock.calls) == 0

    # -- keeping quiet -------------------------------------------------------------------------------

    def test_no_secret_address_or_text_reaches_log_output_or_error(self):
        heard = io.StringIO()
        handler = logging.StreamHandler(heard)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with redirect_stdout(heard), redirect_stderr(heard):
                self.a_day_of_work(heard)
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        private = {*self.secrets, self.recipient.value, CITIZEN_TEXT, "您的诉求已办结"}
        assert [each for each in private if each in heard.getvalue()] == []

    def a_day_of_work(self, heard: io.StringIO) -> None:
        channel = self.make_channel()
        received = channel.receive(self.signed_request(CITIZEN_TEXT), START)
        channel.acknowledge(received, "您的诉求已办结")
        forged = self.corrupt_signature(self.signed_request(CITIZEN_TEXT))
        with pytest.raises(WebhookRejected) as caught:
            channel.receive(forged, START)
        heard.write(repr(caught.value))
        self.send(None)
        cases = (*self.error_cases, *(TRANSPORT_CASES if self.speaks_http else ()))
        heard.writelines(repr(self.raised(case)) for case in cases)
        heard.write(f"{channel!r} {channel.config!r} {channel.config}")

    # -- what it says of itself ----------------------------------------------------------------------

    def test_the_channel_describes_itself(self):
        channel = self.make_channel()
        assert channel.name == type(channel).__module__.rpartition(".")[2]
        assert channel.title
        assert channel.scheme
        assert (type(channel).__doc__ or "").strip()
        assert channel.limits.unit in {"characters", "utf8_bytes", "segments"}
        assert channel.limits.passive_longest >= 0
        assert self.way in {out.way for out in channel.ways}

    def test_its_ways_are_rungs_with_a_place_each(self):
        outs = self.make_channel().ways
        assert not {out.way for out in outs} & {Way.PASSIVE, Way.HELD}, "these two are no rungs"
        assert len({out.way for out in outs}) == len({out.place for out in outs}) == len(outs)

    def test_each_setting_says_what_it_is_for(self):
        fields = type(self.make_channel()).Config.model_fields
        assert [name for name, one in fields.items() if len(one.description or "") < 10] == []
