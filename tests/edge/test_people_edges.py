"""Edge cases 17 to 20 and 23: what people do beside writing, and what they send beside text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.edge.errors import WindowClosed
from store import outbox
from store.tables.delivery import inbox, media
from store.tables.inquiries import inquiries, messages
from tests.edge.rig import LAMP, far, make_rig, number_in, said
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

TEMPLATES = '{"answer": "tpl-1", "notice": "tpl-2", "order": "tpl-3"}'
POPUP = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>"
CHOICE = ("<List><TemplateId>{}</TemplateId><SubscribeStatusString>{}</SubscribeStatusString>"
          "<PopupScene>2</PopupScene></List>")  # fmt: skip


# -- events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "key"), [("subscribe", "qrscene_7"), ("subscribe", ""), ("SCAN", "7")])
def test_edge_17_following_and_scanning_is_welcomed_and_opens_no_inquiry(rig, event, key):
    assert "问政" in rig.event(event, EventKey=key)
    assert rig.count()["inquiries"] == 0
    assert rig.address().event_at == rig.clock.now()


def test_edge_17_a_menu_click_is_answered_and_a_viewed_link_neither_answered_nor_a_window(rig):
    assert rig.event("VIEW", EventKey="https://wz.example.gov.cn/") == ""
    assert rig.address().event_at is None
    assert rig.event("CLICK", EventKey="progress")
    assert rig.event("CLICK", EventKey="no such key")
    assert rig.address().event_at == rig.clock.now()
    assert rig.count()["inquiries"] == 0


def test_edge_17_a_flood_of_positions_costs_no_answer_and_silences_nobody(rig):
    for n in range(200):
        assert rig.event("LOCATION", Latitude=f"30.{n:06}", Longitude="104.1", Precision="1") == ""
    count = rig.count()
    assert (count["addresses"], count["outbox"], count["messages"]) == (1, 0, 0)
    assert rig.woken == []
    assert number_in(rig.wechat(LAMP))


def test_edge_17_unfollowing_twice_and_writing_again_opens_the_address_anew(rig):
    rig.wechat(LAMP)
    for _ in range(2):
        assert rig.event("unsubscribe") == ""
    assert (rig.address().state, rig.address().state_code) == ("gone", "unfollowed")
    rig.clock.forward(3600)
    assert number_in(rig.wechat("占道经营没人管"))
    assert rig.address().state == "active"


@pytest.mark.parametrize("many", [False, True])
def test_edge_17_what_a_person_allowed_is_remembered_and_a_later_refusal_too(rig, many):
    chosen = CHOICE.format("sub-1", "accept") + (CHOICE.format("sub-2", "reject") if many else "")
    body = kit.event("subscribe_msg_popup_event").replace(b"</xml>", f"{POPUP.format(chosen)}</xml>".encode())
    assert said(rig.push(body)) == ""
    assert rig.address().subscriptions == {"sub-1": "accept"} | ({"sub-2": "reject"} if many else {})
    change = CHOICE.format("sub-1", "reject")
    body = kit.event("subscribe_msg_change_event").replace(
        b"</xml>", f"<SubscribeMsgChangeEvent>{change}</SubscribeMsgChangeEvent></xml>".encode()
    )
    said(rig.push(body))
    assert rig.address().subscriptions["sub-1"] == "reject"


@pytest.mark.parametrize("status", ["failed:user block", "failed: system failed", "failed:freq limit", "failed:x"])
def test_edge_17_and_63_a_template_that_failed_later_moves_the_message_to_the_next_rung(tmp_path, database_url, status):
    rig = make_rig(tmp_path, database_url, WECHAT_TEMPLATES=TEMPLATES)
    answer, wechat, twilio = closed_window(rig)
    rig.deliver()
    assert (rig.row(answer).state, rig.row(answer).way) == ("sent", "template_message")
    result = {"MsgID": "Xtemplate_message1", "Status": status}
    assert rig.event("TEMPLATESENDJOBFINISH", **result) == ""
    assert rig.row(answer).state == "pending"
    assert rig.event("TEMPLATESENDJOBFINISH", **result) == "", "its repeat changes nothing"
    rig.deliver()
    assert (rig.row(answer).state, rig.row(answer).way) == ("sent", "sms")
    assert len(twilio.sent) == 1
    assert wechat.tried["template_message"] == 1
    rig.deps.store.close()


def test_edge_63_a_template_that_arrived_is_delivered_and_stays_so(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url, WECHAT_TEMPLATES=TEMPLATES)
    answer, _wechat, _twilio = closed_window(rig)
    rig.deliver()
    for status in ("success", "failed:user block"):
        rig.event("TEMPLATESENDJOBFINISH", MsgID="Xtemplate_message1", Status=status)
        assert rig.row(answer).state == "delivered"
    rig.deps.store.close()


def test_edge_62_a_storm_of_template_results_leaves_citizens_their_answers(rig):
    with ThreadPoolExecutor(4) as pool:
        storm = [pool.submit(rig.event, "TEMPLATESENDJOBFINISH", who=f"o{n}", MsgID=str(n), Status="success")
                 for n in range(300)]  # fmt: skip
        assert number_in(rig.wechat(LAMP))
        assert {one.result() for one in storm} == {""}
    assert rig.count()["addresses"] == 1


def closed_window(rig):
    """An answer for a citizen whose 48 hours are over and who has a phone bound."""
    rig.wechat(LAMP)
    rig.bind_phone()
    rig.clock.forward(49 * 3600)
    return rig.queue("answer"), far(rig, "wechat"), far(rig, "twilio")


@pytest.mark.parametrize("body", [kit.event("some_new_event"), kit.xml("event", MsgId=""), kit.event("")])
def test_edge_17_an_unknown_or_nameless_event_is_kept_and_answered_with_success(rig, body):
    assert rig.push(body).body == b"success"
    assert [row.kind for row in rig.rows(inbox)] == ["unknown"]
    assert rig.count()["addresses"] == 0


# -- voice, places, pictures -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, ""),
        ({"Recognition": ""}, ""),
        ({"Recognition": "建设路路灯坏了"}, "建设路路灯坏了"),
        ({"Recongnition": "建设路路灯坏了"}, "建设路路灯坏了"),
    ],
)
def test_edge_18_a_voice_message_opens_an_inquiry_with_its_recording_and_what_was_heard(rig, fields, text):
    receipt = said(rig.push(kit.xml("voice", MediaId="voice-1", Format="amr", **fields)))
    assert number_in(receipt)
    assert rig.texts() == [text]
    (kept,) = rig.rows(media)
    assert (rig.deps.store.vault.open(kept.ref), kept.kind, kept.state) == ("voice-1", "voice", "pending")
    assert ("还差一点" in receipt) == (not text), "asked for place and matter only when nothing was heard"
    assert "bulk" in rig.woken


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        ("30.66", "104.08", (30.66, 104.08)),
        ("104.08", "30.66", None),
        ("NaN", "104", None),
        ("", "", None),
        ("x", "1e999", None),
    ],
)
@pytest.mark.parametrize("label", ["", "建设路12号"])
def test_edge_19_a_place_is_kept_with_coordinates_only_when_it_can_be_one(rig, x, y, place, label):
    assert number_in(said(rig.push(kit.xml("location", Location_X=x, Location_Y=y, Label=label, Scale="16"))))
    (kept,) = rig.rows(messages)
    assert (kept.latitude, kept.longitude) == (place or (None, None))
    assert kept.text == label


def test_edge_20_a_picture_and_its_words_20_seconds_later_are_one_inquiry(rig):
    number = number_in(said(rig.push(kit.xml("image", MediaId="pic-1", PicUrl="http://x/1"))))
    assert rig.rows(inquiries)[0].summary == "[图片]"
    rig.clock.forward(20)
    assert number in rig.wechat(LAMP)
    assert [row.number for row in rig.rows(inquiries)] == [number]
    assert rig.rows(inquiries)[0].summary == LAMP
    assert rig.texts() == ["", LAMP]
    assert rig.route() == 1
    assert rig.route() == 0


def test_edge_20_nine_pictures_at_once_are_one_inquiry_with_nine_pictures(rig_on_each):
    rig = rig_on_each
    bodies = [kit.xml("image", MediaId=f"pic-{n}", MsgId=str(n)) for n in range(1, 10)]
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda body: said(rig.push(body)), bodies))
    assert rig.count()["inquiries"] == 1
    refs = {rig.deps.store.vault.open(row.ref) for row in rig.rows(media)}
    assert refs == {f"pic-{n}" for n in range(1, 10)}


# -- what goes back --------------------------------------------------------------------------------


def test_edge_23_no_words_of_a_citizen_break_the_answer_that_repeats_them(rig):
    nasty = "路灯]]><Content>坏了&amp;</Content>\x01😀"
    rig.push(kit.as_json(Content=nasty, MsgId=1))
    rig.clock.forward(120)
    answer = rig.wechat("进度")
    assert "路灯]]><Content>坏了" in answer


@pytest.mark.parametrize("text", ["路" * 1999, "😀" * 1000, "e\u0301" * 900, "字]]>" * 400])
def test_edge_23_a_long_answer_held_back_fits_the_passive_slot_and_ends_between_characters(rig, text):
    rig.wechat(LAMP)
    row = rig.queue("answer")
    rig.deps.store.write(lambda tx: change_text(tx, row, text))
    far(rig, "wechat", customer_service=WindowClosed("45015"))
    rig.deliver()
    assert rig.row(row).state == "held"
    body = rig.push(kit.xml(Content="您好", MsgId="77"))
    answer = said(body)
    assert text[:50] in answer
    assert len(answer.encode()) <= 2048
    assert "\ufffd" not in answer


def change_text(tx, row_id, text):
    row = outbox.get(tx, row_id)
    outbox.settle(tx, row_id, "pending", row.created_at, params={**row.params, "text": text})
