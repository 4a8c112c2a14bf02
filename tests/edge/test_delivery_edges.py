"""Edge cases 24 to 31 and 40: each thing WeChat or Twilio may say to a message, through the outbox's own drain.

The ladder goes on, the ledger learns, the operator is told, and nothing is repeated blindly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import responses

from bot.edge.errors import (
    Ambiguous,
    Misconfigured,
    RateLimited,
    RecipientGone,
    Refused,
    Temporary,
    WindowClosed,
)
from store.tables.delivery import outbox
from store.tables.people import conversations
from tests.edge.rig import LAMP, Far, Rig, far, make_rig
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

TEMPLATES = {
    "WECHAT_TEMPLATES": '{"answer": "tpl-1", "notice": "tpl-2"}',
    "WECHAT_TEMPLATE_FIELDS": '{"answer": {"number": "character_string1", "summary": "thing2", '
    '"unit": "thing3", "time": "time4"}}',
}
SUBSCRIBED = {"WECHAT_SUBSCRIPTIONS": '{"answer": "sub-1"}'}
TEMPLATE = f"{kit.BASE}/message/template/send"
BIZ = f"{kit.BASE}/message/subscribe/bizsend"


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def wide(tmp_path, sqlite_url):
    """A citizen who just wrote by WeChat, has a phone bound, and every rung is set up."""
    rig = every_rung(tmp_path, sqlite_url)
    yield rig
    rig.deps.store.close()


@pytest.fixture
def wide_on_each(tmp_path, database_url):
    rig = every_rung(tmp_path, database_url)
    yield rig
    rig.deps.store.close()


def every_rung(folder: Path, url: str) -> Rig:
    rig = make_rig(folder, url, **TEMPLATES, **SUBSCRIBED)
    rig.wechat(LAMP)
    rig.bind_phone()
    return rig


def subscribe(rig: Rig) -> None:
    chosen = "<List><TemplateId>sub-1</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
    rig.push(kit.event("subscribe_msg_popup_event").replace(b"</xml>", f"{chosen}</xml>".encode()))


def ladder(rig: Rig, **plan: object) -> tuple[Far, Far]:
    return far(rig, "wechat", **plan), far(rig, "twilio", **{w: e for w, e in plan.items() if w == "sms"})


def outcome(rig: Rig, row: int) -> tuple[str, str]:
    return rig.row(row).state, rig.row(row).way


# -- the token -------------------------------------------------------------------------------------


def test_edge_24_a_bad_secret_costs_one_refresh_raises_one_alarm_and_the_sms_goes_out(wide, web):
    web.post(kit.TOKEN_URL, json={"errcode": 40125, "errmsg": "invalid appsecret"})
    sms = far(wide, "twilio")
    rows = [wide.queue("answer") for _ in range(20)]
    wide.deliver()
    assert len(kit.calls(web, kit.TOKEN_URL)) == 1
    assert {outcome(wide, row) for row in rows} == {("sent", "sms")}
    assert len(sms.sent) == 20
    assert "wechat_token:wechat" in wide.alarms.standing


def test_edge_24_twenty_senders_at_once_refresh_a_refused_token_once(wide_on_each, web):
    wide = wide_on_each
    kit.issue_token(web, "old")
    kit.issue_token(web, "new", expires_in=7200)

    def answer(request):
        good = "access_token=new" in request.url
        return 200, {}, '{"errcode": 0}' if good else '{"errcode": 40001, "errmsg": "x"}'

    web.add_callback(responses.POST, kit.CUSTOM, answer)
    for n in range(20):
        wide.wechat(LAMP, who=f"oPERSON{n}")
        wide.queue("answer", who=f"oPERSON{n}")
    wide.deliver()
    assert [kit.body(call)["force_refresh"] for call in kit.calls(web, kit.TOKEN_URL)] == [False, True]
    assert {row.state for row in wide.rows(outbox, outbox.c.key == "answer")} == {"sent"}


@pytest.mark.parametrize("code", [45009, 40164])
def test_edge_25_a_token_that_cannot_be_fetched_holds_nothing_up(wide, web, code):
    web.post(kit.TOKEN_URL, json={"errcode": code, "errmsg": "x"})
    sms = far(wide, "twilio")
    row = wide.queue("answer")
    wide.deliver()
    if code == 45009:  # the day's calls are used up: it passes, so it is waited for
        assert outcome(wide, row) == ("pending", "")
        assert wide.row(row).not_before > wide.clock.now()
    else:
        assert outcome(wide, row) == ("sent", "sms")
        assert len(sms.sent) == 1
    assert wide.alarms.standing


def test_edge_25_a_token_voided_by_another_process_is_renewed_and_the_message_goes_out(wide, web):
    web.post(kit.TOKEN_URL, json={"access_token": "T1"})
    web.post(kit.TOKEN_URL, json={"access_token": "T2"})
    web.post(kit.CUSTOM, json={"errcode": "42001", "errmsg": "expired"})
    web.post(kit.CUSTOM, json=kit.OK)
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "customer_service")


# -- the window and the ledger ---------------------------------------------------------------------


@pytest.mark.parametrize("code", ["45015", "45047"])
def test_edge_26_the_platforms_word_closes_the_window_until_the_person_acts_again(wide_on_each, code):
    wide = wide_on_each
    wechat, _sms = ladder(wide, customer_service=[WindowClosed(code)])
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "template_message")
    assert wide.address().closed_at == wide.clock.now()
    second = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, second) == ("sent", "template_message")
    assert wechat.tried["customer_service"] == 1, "a closed window is not tried again"
    wide.clock.forward(60)
    wide.wechat("补充一点情况，今天还是没有修")
    third = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, third) == ("sent", "customer_service")


def test_edge_26_a_window_our_ledger_calls_closed_is_left_alone_and_the_skip_is_on_record(wide):
    wechat, _sms = ladder(wide)
    wide.clock.forward(49 * 3600)
    row = wide.queue("answer")
    wide.deliver()
    assert wechat.tried["customer_service"] == 0
    assert ("customer_service", "skipped", "") in wide.tries(row)


def test_edge_26_the_quota_of_five_is_counted_and_a_new_message_grants_five_more(wide_on_each):
    wide = wide_on_each
    wechat, _sms = ladder(wide)
    rows = [wide.queue("answer") for _ in range(6)]
    wide.deliver()
    ways = [wide.row(row).way for row in rows]
    assert ways == ["customer_service"] * 5 + ["template_message"]
    wide.wechat("还有一件事要说")
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "customer_service")
    assert wechat.tried["customer_service"] == 6


# -- unclear, refused, gone ------------------------------------------------------------------------


def test_edge_27_a_lost_answer_is_repeated_once_marked_and_then_left_to_the_next_rung(wide_on_each):
    wide = wide_on_each
    wechat, _sms = ladder(wide, customer_service=Ambiguous("timeout"))
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("pending", "")
    wide.deliver()
    assert wechat.tried["customer_service"] == 1, "not before its time"
    wide.clock.forward(61)
    wide.deliver()
    assert wechat.tried["customer_service"] == 2
    assert outcome(wide, row) == ("sent", "template_message")
    assert [o for w, o, _c in wide.tries(row) if w == "customer_service"] == ["ambiguous", "ambiguous"]


def test_edge_27_the_repeat_says_that_it_may_be_one(wide):
    wechat, _sms = ladder(wide, customer_service=[Ambiguous("timeout")])
    wide.queue("answer")
    wide.deliver()
    wide.clock.forward(61)
    wide.deliver()
    (message,) = wechat.sent
    assert message.text.endswith(wide.deps.texts.render("mark.repeat", {}))


def test_edge_27_a_template_whose_answer_was_lost_is_repeated_with_the_same_client_msg_id(wide, web):
    kit.issue_token(web)
    wide.clock.forward(49 * 3600)
    web.post(TEMPLATE, body=requests.ConnectionError("reset"))
    web.post(TEMPLATE, json={**kit.OK, "msgid": 7})
    row = wide.queue("answer")
    wide.deliver()
    wide.clock.forward(61)
    wide.deliver()
    assert outcome(wide, row) == ("sent", "template_message")
    ids = [kit.body(call)["client_msg_id"] for call in kit.calls(web, TEMPLATE)]
    assert ids == [f"o{row}", f"o{row}"]


@pytest.mark.parametrize("answer", [{"json": {"errcode": "0", "errmsg": "ok"}}, {"body": "<html>502</html>"}])
def test_edge_27_a_text_for_a_code_is_read_and_a_page_is_no_success(wide, web, answer):
    kit.issue_token(web)
    web.post(kit.CUSTOM, **answer)
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == (("sent", "customer_service") if "json" in answer else ("pending", ""))


def test_edge_28_an_account_without_the_right_skips_the_rung_and_tells_the_operator(wide):
    ladder(wide, customer_service=Misconfigured("48001", "account has no right to this interface"))
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "template_message")
    assert "misconfigured:wechat:48001" in wide.alarms.standing


@pytest.mark.parametrize("code", ["43004", "50005"])
def test_edge_29_who_left_gets_an_sms_and_following_again_reopens_the_same_address(wide_on_each, code):
    wide = wide_on_each
    wechat, sms = ladder(wide, customer_service=[RecipientGone(code)])
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "sms")
    assert (wide.address().state, wide.address().state_code) == ("gone", code)
    second = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, second) == ("sent", "sms")
    assert wechat.tried["customer_service"] == 1
    before = wide.address().id
    wide.event("subscribe")
    assert (wide.address().id, wide.address().state) == (before, "active")
    third = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, third) == ("sent", "customer_service")
    assert len(sms.sent) == 2


def test_edge_29_an_answer_nobody_could_be_given_is_held_and_comes_first_when_the_person_is_back(wide):
    wide.event("unsubscribe")
    far(wide, "twilio", sms=RecipientGone("21614"))
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row)[0] == "held"
    back = wide.event("subscribe")
    assert back.startswith("您的诉求有答复了")
    assert outcome(wide, row) == ("sent", "passive")


def test_edge_29_an_answer_that_waited_can_be_rated_like_any_other(wide_on_each):
    wide = wide_on_each
    wide.event("unsubscribe")
    far(wide, "twilio", sms=RecipientGone("21614"))
    wide.queue("answer")
    wide.deliver()
    wide.event("subscribe")
    (state,) = [row.state for row in wide.rows(conversations) if row.address_id == wide.address().id]
    assert state.get("awaiting") == "rating"


def test_edge_30_every_field_of_a_notice_is_fitted_before_it_leaves(wide, web):
    kit.issue_token(web)
    web.post(TEMPLATE, json={**kit.OK, "msgid": 7})
    wide.clock.forward(49 * 3600)
    row = wide.queue("answer")
    long = {"summary": "建设路" * 20 + "\n\x01", "unit": "区城市管理和综合行政执法局市政设施管理科"}
    wide.deps.store.write(
        lambda tx: tx.conn.execute(
            outbox.update().where(outbox.c.id == row).values(params={**wide.row(row).params, **long})
        )
    )
    wide.deliver()
    assert outcome(wide, row) == ("sent", "template_message")
    (call,) = kit.calls(web, TEMPLATE)
    data = {name: field["value"] for name, field in kit.body(call)["data"].items()}
    assert all(0 < len(data[name]) <= 20 for name in data if name.startswith("thing"))
    assert data["character_string1"].isascii()
    assert data["time4"].startswith("2026年11月")


def test_edge_30_a_field_wechat_refuses_all_the_same_alarms_and_goes_to_the_next_rung(wide, web):
    kit.issue_token(web)
    web.post(TEMPLATE, json={"errcode": 47003, "errmsg": "argument invalid! data.thing2.value invalid"})
    wide.clock.forward(49 * 3600)
    sms = far(wide, "twilio")
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "sms")
    assert len(sms.sent) == 1
    assert any(key.startswith("wechat_field:wechat") for key in wide.alarms.standing)


def test_edge_31_a_used_up_subscription_is_followed_by_the_template(wide, web):
    kit.issue_token(web)
    web.post(BIZ, json={"errcode": 43101, "errmsg": "user refuse to accept the msg"})
    web.post(TEMPLATE, json={**kit.OK, "msgid": 7})
    wide.clock.forward(49 * 3600)
    subscribe(wide)
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("sent", "template_message")
    assert ("subscription_notice", "failed", "43101") in wide.tries(row)


def test_edge_31_without_a_subscription_the_rung_is_not_even_tried(wide):
    wechat, _sms = ladder(wide)
    wide.clock.forward(49 * 3600)
    row = wide.queue("answer")
    wide.deliver()
    assert wechat.tried["subscription_notice"] == 0
    assert ("subscription_notice", "skipped", "") in wide.tries(row)


# -- waiting ---------------------------------------------------------------------------------------


def test_edge_40_a_rate_limit_is_waited_out_as_long_as_the_platform_says(wide, web):
    web.post(twilio_calls.MESSAGES, status=429, json={"code": 20429}, headers={"Retry-After": "45"})
    web.post(twilio_calls.MESSAGES, status=201, json={"sid": "SM1"})
    wide.event("unsubscribe")
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row) == ("pending", "")
    assert (wide.row(row).not_before - wide.clock.now()).total_seconds() == 45
    wide.clock.forward(44)
    assert wide.deliver() == 0
    wide.clock.forward(1)
    wide.deliver()
    assert outcome(wide, row) == ("sent", "sms")
    assert len(kit.calls(web, twilio_calls.MESSAGES)) == 2


def test_edge_40_a_platform_that_stays_down_is_tried_with_growing_pauses_and_then_left(wide_on_each):
    wide = wide_on_each
    wechat, _sms = ladder(wide, customer_service=Temporary("-1"))
    row = wide.queue("answer")
    pauses = []
    for _ in range(20):
        wide.deliver()
        if wide.row(row).state != "pending":
            break
        pauses.append((wide.row(row).not_before - wide.clock.now()).total_seconds())
        wide.clock.forward(pauses[-1])
    assert pauses == sorted(pauses)
    assert outcome(wide, row)[0] == "sent"
    assert wechat.tried["customer_service"] == len(pauses) + 1


def test_edge_40_a_rate_limited_recipient_does_not_hold_up_the_others(wide):
    wide.wechat(LAMP, who="oOTHER")
    _wechat, _sms = ladder(wide, customer_service=[RateLimited("45011", retry_after=600)])
    first, second = wide.queue("answer"), wide.queue("answer", who="oOTHER")
    wide.deliver()
    assert {wide.row(first).state, wide.row(second).state} == {"pending", "sent"}


@pytest.mark.parametrize("status", [500, 503])
def test_edge_40_a_failure_after_the_send_is_unclear_and_repeated_once(wide, web, status):
    web.post(twilio_calls.MESSAGES, status=status, body="oops")
    wide.event("unsubscribe")
    row = wide.queue("answer")
    for _ in range(5):
        wide.deliver()
        wide.clock.forward(120)
    assert len(kit.calls(web, twilio_calls.MESSAGES)) == 2
    assert outcome(wide, row)[0] == "held"


def test_edge_40_many_workers_at_once_send_each_message_once(rig_on_each):
    rig = rig_on_each
    for n in range(30):
        rig.wechat(LAMP, who=f"oPERSON{n}")
        rig.queue("answer", who=f"oPERSON{n}")
    wechat = far(rig, "wechat")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: rig.deliver(), range(4)))
    assert sorted(message.to.value for message in wechat.sent) == sorted(f"oPERSON{n}" for n in range(30))


def test_edge_41_refused_everywhere_is_held_and_visible_never_dropped(wide_on_each):
    wide = wide_on_each
    ladder(wide, customer_service=Refused("1"), template=Refused("2"), sms=Refused("3"))
    row = wide.queue("answer")
    wide.deliver()
    assert outcome(wide, row)[0] == "held"
    assert [code for _w, o, code in wide.tries(row) if o == "failed"] == ["1", "2", "3"]
    assert wide.tries(row)[-1][0] == "held"
