"""What a message means, given what was said before."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.acts import (
    AddPart,
    Confirm,
    CoolDown,
    Emergency,
    EndDraft,
    Hint,
    Human,
    Ignore,
    Keep,
    Objection,
    OpenInquiry,
    OptIn,
    OptOut,
    Progress,
    Rate,
    RatingReason,
    StaffBad,
    StaffReply,
    StaffReturn,
    StaffSign,
    StaffTransfer,
    Supplement,
    Urge,
    Withdraw,
)
from bot.conversation.flood_limits import Decision, Rules, is_cooled, unblocked
from bot.conversation.officer_words import OfficerWords, number_and_text, number_only
from bot.conversation.state import ConversationState
from bot.conversation.step import (
    TEXT_KEYS,
    answered,
    fold_closes_at,
    opened,
    rating_reason_asked,
    step,
    supplement_asked,
)
from bot.edge.messages import Address, Contact, ContactEvent, InboundMessage, Kind, Location, MediaRef
from tests.kit.examples import examples

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HER = Address("wechat", "oTestCitizen")
N = "26-1123-0042"
WORDS = OfficerWords(
    [
        ("收", number_only(StaffSign)),
        ("复", number_and_text(StaffReply, "staff.bad_text", code_anywhere=False)),
        ("转", number_and_text(StaffTransfer, "staff.bad_unit")),
        ("退", number_and_text(StaffReturn, "staff.bad_reason")),
    ]
)
"""A few words; those in use are tested in tests/handlers/officer."""


def message(text: str = "", kind: Kind = Kind.TEXT, **more) -> InboundMessage:
    return InboundMessage("wechat", "1", HER, kind, text, **more)


PICTURE = message(kind=Kind.IMAGE, media=(MediaRef("m1", Kind.IMAGE),))
VOICE = message(kind=Kind.VOICE, media=(MediaRef("m2", Kind.VOICE),))


class Talk:
    """A conversation with a clock: says something, carries out what the handlers would."""

    def __init__(self, *, officer: bool = False, rules: Rules | None = None) -> None:
        self.state = ConversationState()
        self.now = START
        self.officer = officer
        self.rules = rules or Rules(rate_per_minute=1000, rate_per_day=1000)
        self.inquiries = 0

    def say(self, what: str | InboundMessage | ContactEvent, after: float = 1):
        self.now += timedelta(seconds=after)
        event = message(what) if isinstance(what, str) else what
        decision = step(self.state, event, self.now, rules=self.rules, officer=WORDS if self.officer else None)
        self.state = self._stored(decision)
        return decision.acts[0] if len(decision.acts) == 1 else decision.acts

    def _stored(self, decision: Decision) -> ConversationState:
        state = decision.state
        if any(isinstance(act, OpenInquiry) for act in decision.acts):
            self.inquiries += 1
            state = opened(state, self.inquiries)
        return ConversationState.from_json(json.loads(json.dumps(state.to_json())))


# --- one matter in several messages ---


def test_a_sentence_opens_an_inquiry_and_what_follows_soon_is_part_of_it():
    talk = Talk()
    assert talk.say("路灯坏了") == OpenInquiry()
    assert talk.say("建设路12号", after=30) == AddPart()
    assert talk.say(PICTURE, after=89) == AddPart()
    assert talk.inquiries == 1


def test_after_the_quiet_interval_a_new_inquiry_opens():
    talk = Talk()
    talk.say("路灯坏了")
    assert talk.say("还有井盖丢了", after=91) == OpenInquiry()


def test_a_matter_told_for_ever_ends_at_the_hard_cap():
    talk = Talk()
    talk.say("路灯坏了")
    acts = [talk.say(f"第{n}句话还没说完", after=80) for n in range(8)]
    assert acts == [AddPart()] * 7 + [OpenInquiry()]


def test_a_matter_has_at_most_so_many_parts():
    talk = Talk()
    acts = [talk.say(f"第{n}句话") for n in range(13)]
    assert acts == [OpenInquiry()] + [AddPart()] * 11 + [OpenInquiry()]


def test_the_word_for_finished_ends_the_matter():
    talk = Talk()
    talk.say("路灯坏了")
    assert talk.say("完") == EndDraft()
    assert talk.say("井盖丢了") == OpenInquiry()


def test_a_picture_first_is_asked_once_and_the_text_joins_it():
    talk = Talk()
    assert talk.say(PICTURE) == OpenInquiry(ask_place=True)
    assert talk.say(PICTURE) == AddPart()
    assert talk.say("建设路的井盖丢了", after=20) == AddPart()


def test_nine_pictures_at_once_are_one_inquiry_without_a_rate_notice():
    talk = Talk(rules=Rules())
    acts = [talk.say(PICTURE, after=0) for _ in range(9)] + [talk.say("井盖丢了"), talk.say("建设路12号")]
    assert acts == [OpenInquiry(ask_place=True)] + [AddPart()] * 10


def test_the_answer_to_our_question_may_take_until_the_hard_cap():
    talk = Talk()
    talk.say(PICTURE)
    assert talk.say("建设路的井盖丢了", after=400) == AddPart()
    assert talk.say("就在学校门口", after=100) == OpenInquiry()


@pytest.mark.parametrize("wordless", [
    VOICE,
    message(kind=Kind.LOCATION, location=Location(30.65, 104.06)),
    message(kind=Kind.VIDEO, media=(MediaRef("m3", Kind.VIDEO),)),
    message(kind=Kind.FILE, media=(MediaRef("m4", Kind.FILE),)),
])  # fmt: skip
def test_what_comes_without_words_is_kept_and_asked_about(wordless):
    assert Talk().say(wordless) == OpenInquiry(ask_place=True)


@pytest.mark.parametrize("worded", [
    message("路灯坏了", Kind.VOICE, recognised=True),
    message("嗯", Kind.VOICE, recognised=True),
    message("帖子 https://example.org/1", Kind.LINK),
    message("路灯坏了", Kind.IMAGE, media=(MediaRef("m5", Kind.IMAGE),)),
])  # fmt: skip
def test_what_comes_with_words_is_not_asked_about(worded):
    assert Talk().say(worded) == OpenInquiry()


def test_a_recognised_voice_can_ask_for_progress():
    assert Talk().say(message("查进度。", Kind.VOICE, recognised=True)) == Progress(None)


def test_words_beside_a_picture_or_a_link_are_no_command():
    assert Talk().say(message("进度", Kind.IMAGE)) == OpenInquiry()
    assert Talk().say(message("退订", Kind.LINK)) == OpenInquiry()


def test_two_texts_in_the_same_second_are_two_parts_and_the_same_text_twice_counts_twice():
    talk = Talk()
    talk.say("路灯坏了")
    assert talk.say("很黑", after=0) == AddPart()
    assert talk.say("很黑", after=0) == AddPart()
    assert talk.say("好的", after=0) == Hint("hint.thanks")
    assert talk.say("好的", after=0) == Hint("hint.thanks")
    assert talk.state.draft.parts == 3


def test_the_fold_closes_after_the_quiet_interval_or_at_the_cap():
    talk = Talk()
    talk.say("路灯坏了")
    assert fold_closes_at(talk.state, talk.rules) == talk.now + timedelta(seconds=90)
    for n in range(7):
        talk.say(f"第{n}句话", after=80)
    assert fold_closes_at(talk.state, talk.rules) == START + timedelta(seconds=601)
    asked = Talk()
    asked.say(PICTURE)
    assert fold_closes_at(asked.state, asked.rules) == asked.now + timedelta(seconds=600)
    for helper in (lambda: opened(ConversationState(), 1), lambda: fold_closes_at(ConversationState(), Rules())):
        with pytest.raises(ValueError):
            helper()


# --- what opens nothing ---


@pytest.mark.parametrize(("text", "key"), [
    ("你好", "hint.greeting"), ("在吗", "hint.greeting"), ("谢谢", "hint.thanks"), ("好的", "hint.thanks"),
    ("👌", "hint.thanks"), ("", "hint.blank"), (" \u200b", "hint.blank"), ("😀😀", "hint.blank"),
    ("11111", "hint.noise"), ("test", "hint.noise"), ("。。。", "hint.noise"), ("5", "hint.noise"),
    ("[收到不支持的消息类型，暂无法显示]", "hint.unsupported"), ("帮助", "help"),
])  # fmt: skip
def test_small_talk_gets_a_hint_and_opens_nothing(text, key):
    talk = Talk()
    assert talk.say(text) == Hint(key)
    assert talk.state.draft is None


@pytest.mark.parametrize(("text", "act"), [
    ("谢谢", Hint("hint.thanks")), ("👌", Hint("hint.thanks")), ("你好", Hint("hint.draft_open")),
    ("😀", Hint("hint.draft_open")), ("11", AddPart()), ("3", AddPart()), ("补充：在东门", AddPart()),
    ("补充 1024 在东门", Supplement("1024", "在东门")), ("进度", Progress(None)),
])  # fmt: skip
def test_small_talk_inside_a_matter_neither_ends_nor_pads_it(text, act):
    talk = Talk()
    talk.say("路灯坏了")
    assert talk.say(text) == act
    assert talk.say("还有井盖也丢了") == AddPart()


def test_an_unsupported_kind_is_told_so():
    assert Talk().say(message(kind=Kind.UNSUPPORTED)) == Hint("hint.unsupported")


def test_a_phones_own_answer_is_not_answered():
    assert Talk().say("我正在开会，稍后回复您") == Ignore("automatic")


# --- words ---


@pytest.mark.parametrize(("text", "act"), [
    ("CX2611230042", Progress("2611230042")), ("催", Urge(None)), ("撤回 42", Withdraw("42")), ("人工", Human()),
    ("退订", OptOut()), ("恢复", OptIn()), ("绑定 853016", Confirm("853016")), ("满意！", Rate(None, 1)),
    ("Y", Objection(None)), ("有异议", Objection(None)), ("Y座的电梯又坏了", OpenInquiry()),
    ("有异议，我们小区的电梯没有修", OpenInquiry()), ("STOP 1024", OpenInquiry()),
    ("请停止施工", OpenInquiry()), ("查处违建", OpenInquiry()),
])  # fmt: skip
def test_a_citizens_word_is_carried_out_and_a_sentence_is_a_matter(text, act):
    assert Talk().say(text) == act


def test_staff_words_count_for_officers_only():
    assert Talk(officer=True).say("收 1024") == StaffSign("1024")
    assert Talk(officer=True).say("复 1024") == StaffBad("staff.bad_text")
    assert Talk().say("收 1024") == OpenInquiry()
    assert Talk(officer=True).say("路灯坏了") == OpenInquiry()
    assert Talk(officer=True).say("转发：收 1024") == OpenInquiry()
    assert Talk(officer=True).say(message("收 1024", Kind.VOICE, recognised=True)) == OpenInquiry()


def test_a_y_that_answers_our_question_is_no_objection():
    talk = Talk()
    talk.state = supplement_asked(talk.state, "26-1123-0042", START + timedelta(days=3))
    assert talk.say("Y") == Supplement("26-1123-0042", "Y")
    assert talk.say("有异议") == Objection(None)


def test_an_objection_passes_the_rate_limit():
    talk = Talk(rules=Rules(rate_per_minute=2, rate_per_day=100))
    for _ in range(4):
        talk.say("进度")
    assert talk.say("Y") == Objection(None)


def test_after_withdrawing_the_next_sentence_is_a_new_matter():
    talk = Talk()
    talk.say("路灯坏了")
    assert talk.say("撤回") == Withdraw(None)
    assert talk.say("井盖丢了") == OpenInquiry()


def test_what_follows_an_empty_supplement_is_added_until_it_is_quiet():
    talk = Talk()
    assert talk.say("补充 1024") == Supplement("1024", "")
    assert talk.say(PICTURE, after=120) == Supplement("1024", "")
    assert talk.say("在东门", after=60) == Supplement("1024", "在东门")
    assert talk.say("12", after=60) == Supplement("1024", "12")
    place = message(kind=Kind.LOCATION, location=Location(30.65, 104.06))
    assert talk.say(place, after=60) == Supplement("1024", "30.650000,104.060000")
    assert talk.say("井盖丢了", after=91) == OpenInquiry()


def test_finished_ends_a_supplement():
    talk = Talk()
    talk.say("补充")
    assert talk.say("在东门") == Supplement(None, "在东门")
    assert talk.say("完") == Hint("hint.thanks")
    assert talk.say("井盖丢了") == OpenInquiry()


# --- ratings ---


def rated_talk() -> Talk:
    talk = Talk()
    talk.state = answered(talk.state, N, START + timedelta(days=5))
    return talk


@pytest.mark.parametrize(("text", "act"), [
    ("1", Rate(None, 1)), ("②", Rate(None, 2)), ("不错", Rate(None, 1)), ("满意，谢谢", Rate(None, 1, "谢谢")),
    ("不满意 没人来修", Rate(None, 3, "没人来修")), ("谢谢", Hint("hint.thanks")), ("好的", Hint("hint.thanks")),
    ("井盖丢了", OpenInquiry()),
])  # fmt: skip
def test_an_answer_can_be_rated_in_ones_own_words(text, act):
    assert rated_talk().say(text) == act


def test_not_satisfied_without_a_reason_waits_for_it():
    talk = rated_talk()
    assert talk.say("不满意") == Rate(None, 3)
    assert talk.say("谢谢") == Hint("hint.thanks")
    assert talk.say("根本没有人来过") == RatingReason(N, "根本没有人来过")
    assert talk.say("井盖丢了") == OpenInquiry()


def test_the_handler_can_ask_for_the_reason_of_a_number():
    talk = Talk()
    talk.state = rating_reason_asked(talk.state, N, START)
    assert talk.say("没人来修", after=86_000) == RatingReason(N, "没人来修")
    talk.state = rating_reason_asked(talk.state, N, START)
    assert talk.say("没人来修", after=86_500) == OpenInquiry()


@pytest.mark.parametrize("text", ["5", "五", "⑤", "4", "滚"])
def test_a_rating_not_understood_is_asked_again_once(text):
    talk = rated_talk()
    assert talk.say(text) == Hint("hint.rating_again")
    assert talk.say(text) != Hint("hint.rating_again")
    assert talk.say("2") == Rate(None, 2)


def test_a_five_after_the_rating_expired_is_noise():
    talk = rated_talk()
    assert talk.say("5", after=6 * 86_400) == Hint("hint.noise")


def test_a_rating_can_be_given_again_and_a_thank_you_reopens_nothing():
    talk = rated_talk()
    assert talk.say("3 26-1123-0042") == Rate("2611230042", 3)
    assert talk.say("1") == Rate(None, 1)
    assert talk.say("谢谢") == Hint("hint.thanks")
    assert talk.inquiries == 0


# --- emergencies ---


def test_an_emergency_is_answered_first_and_taken_as_a_matter():
    talk = Talk()
    assert talk.say("三楼着火了") == (Emergency(("fire",)), OpenInquiry())
    assert talk.say("有人被困在屋里") == (Emergency(("trapped",)), AddPart())


def test_an_emergency_in_a_supplement_or_a_rating_is_not_missed():
    assert Talk().say("补充 1024 现在着火了") == (Emergency(("fire",)), Supplement("1024", "现在着火了"))
    assert rated_talk().say("不满意，我不想活了") == (Emergency(("suicide",)), Rate(None, 3, "我不想活了"))


def test_an_emergency_passes_the_rate_limit():
    talk = Talk(rules=Rules(rate_per_minute=2))
    for n in range(5):
        talk.say(f"第{n}条消息")
    acts = talk.say("三楼着火了")
    assert acts[0] == Emergency(("fire",))


# --- loops and limits ---


def test_the_third_same_text_is_not_answered():
    talk = Talk()
    assert [talk.say("你好") for _ in range(4)] == [Hint("hint.greeting")] * 2 + [Ignore("loop")] * 2
    assert talk.say("你好", after=601) == Hint("hint.greeting")


def test_two_machines_answering_in_turn_fall_silent():
    talk = Talk()
    acts = [talk.say("营业时间九点到五点" if n % 2 else "您的来信已转交", after=20) for n in range(8)]
    assert acts[4:] == [Ignore("loop")] * 4


def test_asking_for_progress_often_is_no_loop():
    talk = Talk()
    assert [talk.say("进度") for _ in range(4)] == [Progress(None)] * 4


def test_a_repeated_cry_for_help_is_heard_longer_but_not_for_ever():
    talk = Talk()
    acts = [talk.say("救命", after=5) for _ in range(7)]
    assert all(act[0] == Emergency(("police",)) for act in acts[:5])
    assert acts[5:] == [Ignore("loop")] * 2


def test_over_the_limit_one_notice_then_silence_and_nothing_lost():
    talk = Talk(rules=Rules(rate_per_minute=3))
    acts = [talk.say(f"第{n}句话说的是路灯", after=2) for n in range(7)]
    assert acts[:3] == [OpenInquiry(), AddPart(), AddPart()]
    assert acts[3] == (AddPart(quiet=True), Hint("hint.slow_down"))
    assert acts[4:] == [AddPart(quiet=True)] * 3
    assert talk.state.draft.parts == 7


def test_over_the_limit_questions_go_unanswered_but_opting_out_counts():
    talk = Talk(rules=Rules(rate_per_minute=2))
    assert [talk.say("进度") for _ in range(4)] == [
        Progress(None), Progress(None), Hint("hint.slow_down"), Ignore("rate_limited"),
    ]  # fmt: skip
    assert talk.say("退订") == OptOut()
    assert talk.say("不满意 没人来") == Rate(None, 3, "没人来")
    assert talk.say("进度", after=61) == Progress(None)


def test_a_flood_of_a_thousand_makes_one_inquiry_two_notices_and_loses_nothing():
    talk = Talk(rules=Rules())
    acts = [talk.say(f"第{n}条", after=0.06) for n in range(1000)]
    assert talk.inquiries == 1
    assert talk.state.draft.parts == 90
    assert [act for act in acts if act not in (OpenInquiry(), AddPart(), AddPart(quiet=True), Keep())] == [
        (AddPart(quiet=True), Hint("hint.slow_down")),
        (AddPart(quiet=True), CoolDown(talk.state.cooled_until)),
    ]
    assert acts[90:] == [Keep()] * 910


def test_in_the_cool_down_only_danger_and_stop_are_heard():
    talk = Talk(rules=Rules(rate_per_day=1, flood_limit=1))
    talk.say("路灯坏了")
    assert talk.say("进度") == CoolDown(talk.now + timedelta(days=1))
    assert talk.say("进度") == Ignore("cooled")
    assert talk.say("井盖丢了") == Keep()
    assert talk.say("撤回") == Ignore("cooled")
    assert talk.say("三楼着火了快来人")[0] == Emergency(("fire",))
    assert talk.say("退订") == OptOut()
    assert talk.say("进度", after=12 * 3600) == Ignore("cooled")
    assert talk.say("进度", after=13 * 3600) == Progress(None)


def test_a_human_lifts_the_cool_down_at_once():
    talk = Talk(rules=Rules(rate_per_day=1, flood_limit=1))
    talk.say("路灯坏了")
    talk.say("进度")
    assert is_cooled(talk.state, talk.now)
    talk.state = unblocked(talk.state)
    assert talk.say("进度") == Progress(None)


def test_who_stops_before_the_flood_limit_is_never_cooled():
    talk = Talk(rules=Rules())
    for n in range(89):
        talk.say(f"第{n}条", after=0.5)
    assert talk.state.cooled_until is None


def test_the_day_counts_in_china():
    talk = Talk(rules=Rules(rate_per_day=2))
    talk.say("进度")
    talk.say("进度")
    assert talk.say("进度", after=120) == Hint("hint.slow_down")
    assert talk.say("进度", after=3600) == Hint("hint.slow_down")  # 11:02 in China, an hour after the notice
    assert talk.say("进度", after=13 * 3600) == Progress(None)  # past midnight in China


def test_officers_orders_are_not_limited():
    talk = Talk(officer=True, rules=Rules(rate_per_minute=1, rate_per_day=1))
    assert [talk.say(f"收 {n}") for n in range(10, 15)] == [StaffSign(str(n)) for n in range(10, 15)]


def test_a_clock_set_back_silences_nobody():
    talk = Talk(rules=Rules(rate_per_minute=1))
    talk.say("路灯坏了")
    assert talk.say("进度", after=-3600) == Progress(None)


# --- events ---


@pytest.mark.parametrize(("kind", "key", "act"), [
    (Contact.FOLLOW, "", Hint("hint.welcome")),
    (Contact.SCAN, "7", Hint("hint.welcome")),
    (Contact.UNFOLLOW, "", Ignore("unfollow")),
    (Contact.VIEW, "https://example.org", Ignore("view")),
    (Contact.POSITION, "", Ignore("position")),
    (Contact.SUBSCRIPTION, "", Ignore("subscription")),
    (Contact.OPT_OUT, "platform", OptOut(by_platform=True)),
    (Contact.OPT_OUT, "", OptOut()),
    (Contact.OPT_IN, "platform", OptIn(by_platform=True)),
    (Contact.OPT_IN, "", OptIn()),
    (Contact.MENU, "progress", Progress(None)),
    (Contact.MENU, "write", Hint("hint.write")),
    (Contact.MENU, "human", Human()),
    (Contact.MENU, "help", Hint("help")),
    (Contact.MENU, "rate", Hint("hint.rate_how")),
    (Contact.MENU, "old menu", Hint("help")),
])  # fmt: skip
def test_events_mean_what_their_button_says(kind, key, act):
    talk = Talk()
    before = talk.state
    assert talk.say(ContactEvent("wechat", "e1", HER, kind, key)) == act
    assert talk.state == before


# --- the state ---


@pytest.mark.parametrize("data", [
    {},
    {"draft": None, "awaiting": 7, "minute": "x", "recent": [["a"], 3], "day_count": "many"},
    {"draft": {"opened_at": "yesterday"}, "awaiting_until": "2026-11-23T10:00:00", "later_field": {"x": 1}},
    {"draft": [1], "last_notice_at": 12, "recent": [["a", "b"]], "minute": [None, "2026"]},
])  # fmt: skip
def test_a_state_of_another_release_costs_nothing(data):
    state = ConversationState.from_json(data)
    assert state == ConversationState()
    assert step(state, message("路灯坏了"), START, rules=Rules(), officer=None).acts == (OpenInquiry(),)


def test_the_state_holds_no_text():
    talk = Talk()
    talk.say("路灯坏了在建设路")
    assert "路灯" not in json.dumps(talk.state.to_json(), ensure_ascii=False)


def test_every_hint_used_has_its_key_in_the_table():
    used = {act.key for act in _all_acts() if isinstance(act, Hint | StaffBad)}
    assert used <= {*TEXT_KEYS, "staff.bad_number", "staff.bad_text", "staff.bad_unit", "staff.bad_reason"}


def _all_acts():
    texts = [
        "你好",
        "谢谢",
        "😀",
        "11111",
        "",
        "帮助",
        "绑定",
        "绑定 1",
        "绑定手机 1",
        "5",
        "复 1",
        "转 1",
        "退 1",
        "收",
    ]
    for start in (ConversationState(), rated_talk().state):
        for text in texts:
            yield from step(start, message(text), START, rules=Rules(), officer=WORDS).acts


SAID = st.one_of(
    st.sampled_from(
        ["路灯坏了", "谢谢", "你好", "1", "不满意", "补充", "补充 42 东门", "完", "撤回", "着火了", "5", "进度", ""]
    ).map(message),
    st.sampled_from([PICTURE, VOICE, message(kind=Kind.UNSUPPORTED)]),
    st.sampled_from(list(Contact)).map(lambda kind: ContactEvent("wechat", "e", HER, kind)),
    st.text(max_size=12).map(message),
)


@given(st.lists(st.tuples(SAID, st.floats(0, 700)), max_size=25), st.booleans())
@examples(200)
def test_in_any_conversation_each_matter_is_kept_and_each_part_has_its_inquiry(said, officer):
    talk = Talk(officer=officer, rules=Rules(rate_per_minute=4))
    for event, pause in said:
        before = talk.state
        acts = talk.say(event, after=pause)
        acts = acts if isinstance(acts, tuple) else (acts,)
        assert acts
        if any(isinstance(act, AddPart) for act in acts):
            assert before.draft is not None
            assert before.draft.inquiry_id is not None
        if event is PICTURE:
            assert any(isinstance(act, OpenInquiry | AddPart | Supplement) for act in acts)
