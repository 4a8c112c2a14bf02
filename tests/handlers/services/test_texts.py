from __future__ import annotations

import itertools
import json
import re

import pytest
from jinja2 import Environment, UndefinedError, meta

from bot.conversation.acts import (
    Progress,
    StaffApprove,
    StaffExtend,
    StaffRefuse,
    StaffReply,
    StaffReturn,
    StaffShow,
    StaffSign,
    StaffTransfer,
    Supplement,
)
from bot.conversation.citizen_words import parse_citizen
from bot.conversation.step import TEXT_KEYS
from bot.inquiry.rejection import Reason
from bot.inquiry.request_rules import Problem
from bot.text.emergency import KINDS
from bot.text.sms import has_link, segments, size
from handlers.duty_desk.rules import DID
from handlers.inquiry.answers import ANSWERS
from handlers.notices.phrases import RATINGS, REASONS, STATES
from handlers.officer.table import TABLE
from handlers.services.texts import FOLDER, Texts
from tests.kit import text_keys
from tests.kit.officer_words import parse_staff

TEXTS = Texts(site="示范区问政", hotline="028-00000000", hours="工作日9:00-12:00、13:00-17:00")
GLOBALS = {"site", "hotline", "hours", "range", "dict", "lipsum", "cycler", "joiner", "namespace"}

FILES = sorted(f"{name}.txt" for name in TEXTS.files)
KEYS = TEXTS.keys()


def key_of(name):
    return TEXTS.key_of(name.removesuffix(".txt"))


def source_of(name):
    return (FOLDER / TEXTS.files[name.removesuffix(".txt")]).read_text(encoding="utf-8")


def fields_in(name):
    """The fields a file uses, whichever branch."""
    return meta.find_undeclared_variables(Environment(autoescape=True).parse(source_of(name))) - GLOBALS


STAFF_KEYS = ("staff.bad_number", "staff.help", *TABLE.missing)
USES = text_keys.uses()
NOTICES = [key for key in KEYS if TEXTS.notice(key)]

CUT_ELSEWHERE = {"answer", "answer.corrected", "full_text"}
"""Fitted by handlers/delivery/compose.py and handlers/citizen/own_inquiries.py."""

THREE_SEGMENTS = {
    "objection.which",
    "staff.bad_reject",
    "staff.queue",
    "asked",
    "rating.which",
    "progress",
    "progress.list",
    "which",
    "help",
    "staff.help",
    "staff.todo",
    "staff.which",
}
ONLY_WECHAT = {"bind.impossible", "bind.sent"}
JOINED_ON = {"mark.repeat", "more.link", "more.sms"}
WHOLE_MESSAGE = {"staff.show"}
"""看 asks for everything that was said: up to the eight segments of one message."""

ONE_SEGMENT = sorted(set(KEYS) - CUT_ELSEWHERE - THREE_SEGMENTS - ONLY_WECHAT - JOINED_ON - WHOLE_MESSAGE)

HOSTILE = "一\r\nnumber: 9\n二\u2028time: 8\x0b\x1c\x85remark: 7{{ 7*7 }}{% raw %}{# x #}"
BY_CITIZEN = {"summary", "subject", "text", "reason", "answer", "part"}

WORST = {
    "number": "26-1231-123456",
    "compact": "261231123456",
    "due": "约12月31日(周四)17:00",
    "summary": "楼" * 20,
    "subject": "楼" * 20,
    "unit": "示范东路街道办事处",
    "name": "欧阳某某",
    "who": "欧阳某某",
    "verb": "撤回",
    "received": "12月31日(周四)17:00",
    "time": "12月31日(周四)17:00",
    "at": "12月31日(周四)17:00",
    "until": "12月31日(周四)17:00",
    "text": "楼" * 2000,
    "reason": "楼" * 500,
    "answer": "楼" * 2000,
    "parts": ["楼" * 400] * 9,
    "typed": "261231123456",
    "names": ["示范东路街道办事处"] * 5,
    "count": 999,
    "more": 99,
    "was_due": "12月31日(周四)17:00",
    "wanted": "12月31日(周四)17:00",
    "unit_due": "12月31日(周四)17:00",
    "question": "楼" * 60,
    "note": "楼" * 500,
    "proposed": "示范东路街道办事处",
    "into": "26-1231-123456",
    "standing": "不予受理",
    "pick": 9,
    "lead": "示范东路街道办事处",
    "longest": 60,
    "new_due": "12月31日(周四)17:00",
    "was": "12月31日(周四)17:00",
    "over": 999,
    "soon": 999,
    "numbers": ["26-1231-123456"] * 3,
    "others": 999,
    "most": 9,
    "kinds": list(KINDS),
    "left": 12,
    "part": "楼",
    "position": 8,
    "url": "https://wz.example.gov.cn/i/" + "x" * 120,
}
ROWS = {
    "number": WORST["number"],
    "summary": WORST["summary"],
    "due": WORST["due"],
    "state": "不予受理",
    "signed": False,
    "urgent": True,
    "answered": False,
    "name": WORST["unit"],
    "percent": 100,
    "words": "路灯、" * 5,
    "flagged": True,
    "objection": True,
    "position": 3,
    "unit": "示范东路街道办事处",
}
BOUNDED = {"order.new": 120, "order.joined": 120, "order.objection": 120, "desk.new": 120, "alert.emergency": 60}
"""Characters the handler shortens ``text`` to."""
LISTED = {"staff.todo": 8, "staff.queue": 8, "staff.no_suggestion": 3, "desk.new": 3}
"""Rows the handler lists."""

BRANCHES = {
    "state": [*STATES.values()],
    "rating": [*RATINGS.values()],
    "rated": ["", "基本满意"],
    "mine": [True, False],
    "urgent": [True, False],
    "text": [WORST["text"], ""],
    "reason": [WORST["reason"], ""],
    "kind": ["extension", "return", "rework"],
    "decision": ["approved", "refused", "expired"],
    "problem": [*Problem, "reason_long"],
    "why": [*REASONS.values()],
    "unit_due": [WORST["unit_due"], ""],
    "note": [WORST["note"], ""],
    "asked": [True, False],
    "answer": [WORST["answer"], ""],
    "names": [WORST["names"], []],
    "verb": ["催", "补充", "撤回"],
    "cause": [*Reason],
    "final": [True, False],
    "how": ["rejected", "merged"],
    "answered": [True, False],
    "merged": [True, False],
    "did": [*DID],
    "seen": [True, False],
    "late": [True, False],
}


def worst_samples(key):
    """The longest values in every branch."""
    sample = TEXTS.sample(key)
    longest = {name: WORST.get(name, value) for name, value in sample.items()}
    if "rows" in sample:
        row = {name: ROWS[name] for name in sample["rows"][0]}
        longest["rows"] = [row] * LISTED.get(key, 5)
    if "steps" in sample:
        longest["steps"] = [{"at": WORST["at"], "name": "returned", "unit": WORST["unit"]}] * 4
    if key in BOUNDED:
        yield from _all_branches(longest | {"text": longest["text"][: BOUNDED[key]]}, skip={"text"})
    else:
        yield from _all_branches(longest, skip=set())


def _all_branches(longest, *, skip):
    choices = {name: values for name, values in BRANCHES.items() if name in longest and name not in skip}
    for values in itertools.product(*choices.values()):
        yield longest | dict(zip(choices, values, strict=True))


def texts_of(key, *, sms):
    return [TEXTS.render(key, sample, sms=sms) for sample in [TEXTS.sample(key), *worst_samples(key)]]


# --- every file ---


def test_every_file_belongs_to_a_key():
    assert {key_of(name) for name in FILES} == set(KEYS)
    assert {"more.sms", "more.link", "answer"} < set(KEYS)
    assert not {"more", "answer.sms", "answer.fields"} & set(KEYS)


@pytest.mark.parametrize("name", FILES)
def test_every_file_parses_and_renders_with_the_sample_of_its_key(name):
    text = TEXTS.render(name.removesuffix(".txt"), TEXTS.sample(key_of(name)))
    assert text
    assert not re.search(r"[{}]|None|Undefined|\n{3}", text)


@pytest.mark.parametrize("key", [key for key in KEYS if fields_in(f"{key}.txt")])
def test_a_missing_field_is_an_error_and_never_a_gap_in_the_text(key):
    with pytest.raises(UndefinedError):
        TEXTS.render(key, {})


def test_no_text_promises_vaguely():
    vague = re.compile("近期|尽快|即将|适时|择期|择日|陆续|稍后|不久")
    assert [name for name in FILES if vague.search(source_of(name))] == []


def test_the_forms_of_a_key_share_the_sample_of_its_text():
    with_sample = {name for name in FILES if "{# sample:" in source_of(name)}
    assert with_sample == {f"{key}.txt" for key in KEYS}


# --- the code and the files ---


def test_the_source_is_really_read():
    found = {use.key: use.names for use in USES}
    assert len(found) > 50
    assert {"number", "text", "unit", "url"} <= found["answer"]
    assert {"url", "due", "reason"} <= found["order.rated"]
    assert found["hint.bad_code"] == frozenset()
    assert {f"emergency.{kind}" for kind in KINDS} <= text_keys.mentioned()
    assert {"received", "signed", "transferred", "answered"} <= text_keys.event_names()


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.where} {use.key}")
def test_every_key_the_code_names_exists(use):
    assert any(use.means(key) for key in KEYS)


@pytest.mark.parametrize("key", [*TEXT_KEYS, *STAFF_KEYS, *(f"emergency.{kind}" for kind in KINDS)])
def test_every_key_of_the_conversation_exists(key):
    assert key in KEYS


def test_every_text_is_used():
    named = text_keys.mentioned() | set(TEXT_KEYS) | set(STAFF_KEYS)
    assert [key for key in KEYS if key not in named and not any(use.means(key) for use in USES)] == []


@pytest.mark.parametrize("key", KEYS)
def test_a_text_asks_for_no_field_that_its_callers_do_not_pass(key):
    wanted = set(TEXTS.sample(key))
    for name in (name for name in FILES if key_of(name) == key):
        wanted |= fields_in(name)
    for use in (use for use in USES if use.means(key)):
        assert wanted <= use.names, use.where


def test_every_logged_event_has_a_word_in_the_progress_text():
    sample = TEXTS.sample("progress")
    silent = []
    for name in text_keys.event_names():
        steps = [{"at": "1月2日(周五)03:04", "name": name, "unit": ""}]
        if not re.search(r"1月2日\(周五\)03:04 [一-鿿]", TEXTS.render("progress", sample | {"steps": steps})):
            silent.append(name)
    assert silent == []


def test_an_unknown_event_is_left_out_of_the_progress_text():
    steps = [{"at": "1月2日(周五)03:04", "name": "something_new", "unit": ""}]
    assert "1月2日" not in TEXTS.render("progress", TEXTS.sample("progress") | {"steps": steps})


# --- what a channel carries ---


@pytest.mark.parametrize("key", ONE_SEGMENT)
def test_a_short_message_fits_one_sms_segment_at_its_longest(key):
    assert [text for text in texts_of(key, sms=True) if segments(text) > 1] == []


@pytest.mark.parametrize("key", sorted(THREE_SEGMENTS))
def test_a_list_fits_three_sms_segments_at_its_longest(key):
    assert [text for text in texts_of(key, sms=True) if segments(text) > 3] == []


@pytest.mark.parametrize("key", sorted(WHOLE_MESSAGE))
def test_what_a_citizen_said_fits_one_long_sms(key):
    assert all(segments(text) <= 8 for text in texts_of(key, sms=True))


@pytest.mark.parametrize("key", sorted(set(KEYS) - JOINED_ON - ONLY_WECHAT))
def test_an_sms_names_its_sender_and_carries_no_link(key):
    for text in texts_of(key, sms=True):
        assert text.startswith("【示范区问政】")
        assert not has_link(text)


@pytest.mark.parametrize("key", [key for key in KEYS if "number" in TEXTS.sample(key)])
def test_a_number_is_written_to_be_read_in_wechat_and_to_be_short_in_an_sms(key):
    sample = TEXTS.sample(key)
    assert "26-1123-0042" in TEXTS.render(key, sample)
    assert "26-1123-0042" not in TEXTS.render(key, sample, sms=True)


@pytest.mark.parametrize("key", sorted(set(KEYS) - CUT_ELSEWHERE))
def test_a_wechat_text_fits_one_message_at_its_longest(key):
    assert all(size(text, "utf8_bytes") <= 2048 for text in texts_of(key, sms=False))


@pytest.mark.parametrize("key", sorted(set(KEYS) - {"answer", "answer.corrected"}))
def test_a_wechat_text_is_short_enough_to_be_read(key):
    assert len(TEXTS.render(key, TEXTS.sample(key))) <= 300


def test_the_head_of_a_full_text_leaves_its_part_the_room_the_handler_gives():
    for sample in worst_samples("full_text"):
        head = {**sample, "part": ""}
        assert size(TEXTS.render("full_text", head), "utf8_bytes") <= 64
        assert len(TEXTS.render("full_text", head, sms=True)) <= 67


def test_the_hint_to_the_rest_of_an_answer_is_short():
    assert len(TEXTS.render("more.sms", {})) <= 20


# --- what a citizen must be told ---


@pytest.mark.parametrize("sms", [True, False])
@pytest.mark.parametrize("key", ["receipt", "receipt.ask"])
def test_a_receipt_says_number_code_date_and_how_to_go_on(key, sms):
    for sample in worst_samples(key):
        text = TEXTS.render(key, sample, sms=sms)
        assert sample["compact" if sms else "number"] in text
        assert sample["code"] in text
        assert f"最迟{sample['due']}前答复" in text
        assert "“进度”" in text


@pytest.mark.parametrize("sms", [True, False])
def test_the_receipt_says_that_more_can_be_added_and_how_to_end(sms):
    text = TEXTS.render("receipt", TEXTS.sample("receipt"), sms=sms)
    assert "“完”" in text
    assert re.search("补充|接着", text)


@pytest.mark.parametrize("length", [20, 600, 2000])
@pytest.mark.parametrize("sms", [True, False])
@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_the_rating_is_asked_where_cutting_a_long_answer_cannot_lose_it(key, length, sms):
    text = TEXTS.render(key, TEXTS.sample(key) | {"text": "修" * length}, sms=sms)
    assert re.search("1满意 ?2基本满意 ?3不满意", text[:640])


@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_an_answer_whose_rating_stands_at_its_end_fits_one_wechat_message(key):
    longest = {name: WORST.get(name, value) for name, value in TEXTS.sample(key).items()}
    text = TEXTS.render(key, longest | {"text": "修" * 450})
    assert text.index("1满意") > text.index("修修")
    assert size(text, "utf8_bytes") <= 2048


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("fire", ["119"]),
        ("gas", ["119", "028-00000000"]),
        ("suicide", ["12356", "110", "120"]),
        ("medical", ["120"]),
        ("police", ["110"]),
        ("traffic", ["122", "120"]),
        ("trapped", ["119"]),
        ("water", ["110", "119"]),
    ],
)
def test_danger_is_answered_with_the_numbers_to_call(kind, numbers):
    for sms in (True, False):
        assert all(number in TEXTS.render(f"emergency.{kind}", {}, sms=sms) for number in numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_the_duty_officer_is_told_what_kind_of_danger_it_is(kind):
    sample = TEXTS.sample("alert.emergency")
    unknown = TEXTS.render("alert.emergency", sample | {"kinds": ["new"]}, sms=True)
    assert TEXTS.render("alert.emergency", sample | {"kinds": [kind]}, sms=True) != unknown


def test_an_officer_never_sees_the_citizens_query_code_and_the_answer_does_not_carry_it():
    for key in ("staff.show", "staff.signed", "staff.answered", "staff.transferred", "staff.decided"):
        for sms in (True, False):
            sample = TEXTS.sample(key) | {"code": "902817"}
            assert "902817" not in TEXTS.render(key, sample, sms=sms)
    assert "code" not in TEXTS.sample("answer")


# --- the words texts tell people to send ---


def test_every_word_in_quotes_is_understood():
    quoted = {word for name in FILES for word in re.findall("“([^”{}]+)”", source_of(name))}
    quoted -= {"进度 编号 查询码"}  # the form of it; the next test sends one
    assert len(quoted) > 10
    assert [word for word in quoted if not (parse_citizen(word) or parse_staff(word))] == []


def test_a_look_up_from_another_phone_is_understood_as_the_texts_write_it():
    assert parse_citizen("进度 26-1123-0042 384712") == Progress("2611230042", "384712")


@pytest.mark.parametrize("key", ["progress.list", "which"])
@pytest.mark.parametrize("verb", ["催", "撤回", "补充"])
def test_the_examples_for_a_citizen_are_understood(key, verb):
    sample = TEXTS.sample(key) | ({"verb": verb} if key == "which" else {})
    example = TEXTS.render(key, sample).rpartition("例如：")[2]
    act = parse_citizen(example)
    assert act is not None
    assert act.number == "2611230042"


def test_the_example_of_a_supplement_is_understood():
    example = TEXTS.render("supplement.empty", TEXTS.sample("supplement.empty")).rpartition("例如：")[2]
    assert parse_citizen(example) == Supplement("2611230042", "是东门那一盏路灯")


def test_a_new_order_shows_the_exact_words_to_send():
    text = TEXTS.render("order.new", TEXTS.sample("order.new"))
    acts = [parse_staff(line) for line in text.splitlines() if line[:1] in "收复转退延" and line]
    assert [type(act) for act in acts] == [StaffSign, StaffReply, StaffTransfer, StaffReturn, StaffExtend]
    assert {act.number for act in acts} == {"2611230042"}


@pytest.mark.parametrize(("number", "tail"), [("26-1123-0042", "0042"), ("26-1123-123456", "123456")])
def test_a_new_order_by_sms_can_be_signed_with_the_words_it_shows(number, tail):
    sample = TEXTS.sample("order.new") | {"number": number, "compact": number.replace("-", "")}
    words = re.search("“(收.+)”", TEXTS.render("order.new", sample, sms=True))[1]
    assert parse_staff(words) == StaffSign(tail, "384712")


def test_the_words_to_see_a_supplement_are_understood():
    sample = TEXTS.sample("order.supplemented")
    words = re.findall("“(看[^”]+)”", TEXTS.render("order.supplemented", sample, sms=True))
    assert [parse_staff(word) for word in words] == [StaffShow("0042")]


@pytest.mark.parametrize("kind", ["extension", "return", "rework"])
def test_a_request_shows_the_words_that_decide_it(kind):
    sample = TEXTS.sample("order.request") | {"kind": kind}
    lines = TEXTS.render("order.request", sample).splitlines()
    acts = [parse_staff(line) for line in lines if line[:1] in "准驳转" and line]
    expected = [StaffApprove, StaffRefuse, StaffTransfer]
    assert [type(act) for act in acts] == expected[: 3 if kind == "return" else 2]
    by_sms = re.findall("“([准驳][^”]+)”", TEXTS.render("order.request", sample, sms=True))
    assert [parse_staff(word) for word in by_sms] == [
        StaffApprove("0042", "", "384712"),
        StaffRefuse("0042", "理由", "384712"),
    ]


@pytest.mark.parametrize(
    "key",
    [
        "staff.help",
        "staff.bad_text",
        "staff.bad_reason",
        "staff.no_transfer",
        "staff.no_extension",
        "staff.bad_extension",
        "staff.bad_question",
        "staff.bad_refusal",
        "staff.bad_send",
        "staff.bad_reject",
        "staff.bad_merge",
        "staff.bad_retraction",
    ],
)
def test_the_examples_for_officers_are_understood(key):
    text = TEXTS.render(key, TEXTS.sample(key))
    examples = re.findall(r"(?:[看收复转退延问协准驳派并]|不受理|更正|撤答)1123-0042(?: [^—（，\n]+)?", text)
    acts = [parse_staff(example) for example in examples]
    assert acts
    assert {getattr(act, "number", None) for act in acts} == {"11230042"}


# --- notices ---


def test_a_key_has_notice_fields_exactly_when_a_notice_carries_it():
    with_fields = {key_of(name) for name in FILES if name.endswith(".fields.txt")}
    assert with_fields == set(NOTICES)
    assert {TEXTS.notice(key) for key in NOTICES} == {"answer", "notice", "order"}


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith(("order.", "alert.", "answer", "receipt"))])
def test_what_is_pushed_can_go_as_a_notice(key):
    wanted = {"order": "order", "alert": "order", "answer": "answer", "receipt": "notice"}
    assert TEXTS.notice(key) == wanted[key.partition(".")[0]]


@pytest.mark.parametrize("key", NOTICES)
def test_the_fields_of_a_notice_are_the_known_ones_and_short(key):
    fields = TEXTS.fields(key, TEXTS.sample(key))
    assert set(fields) == {"number", "subject", "time", "remark"}
    assert all(fields.values())
    assert max(map(len, fields.values())) <= 20


@pytest.mark.parametrize("key", NOTICES)
def test_no_line_break_from_a_citizen_forges_a_field(key):
    sample = TEXTS.sample(key)
    hostile = sample | {name: HOSTILE for name in sample if name in BY_CITIZEN}
    fields, plain = TEXTS.fields(key, hostile), TEXTS.fields(key, sample)
    assert set(fields) == set(plain)
    assert {name: fields[name] for name in fields if name in {"number", "time"}} == {
        name: plain[name] for name in plain if name in {"number", "time"}
    }


@pytest.mark.parametrize("key", [key for key in KEYS if BY_CITIZEN & set(TEXTS.sample(key))])
def test_template_code_in_a_citizens_words_is_only_text(key):
    sample = TEXTS.sample(key)
    attack = "{{ 7*7 }}{% raw %}"
    hostile = sample | {name: attack for name in sample if name in BY_CITIZEN}
    for sms in (True, False):
        assert "49" not in TEXTS.render(key, hostile, sms=sms).replace("#49", "")
    assert "49" not in json.dumps(TEXTS.fields(key, hostile), ensure_ascii=False)
