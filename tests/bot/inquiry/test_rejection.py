"""Reasons for not accepting: the code, the number of the list, the word, or a sentence with one reason's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inquiry.rejection import NEVER_REJECTED, Reason, Said, read_reason, reason_of, text_missing

R = Reason


@pytest.mark.parametrize(("text", "said"), [
    ("LEGAL_PATH", Said(R.LEGAL_PATH)),
    ("legal_path", Said(R.LEGAL_PATH)),
    ("Legal Path 已起诉", Said(R.LEGAL_PATH, "已起诉")),
    ("ＬＥＧＡＬ＿ＰＡＴＨ　已起诉", Said(R.LEGAL_PATH, "已起诉")),
    ("out-of-area", Said(R.OUT_OF_AREA)),
    ("OTHER_ORGAN", Said(R.OTHER_ORGAN)),
    ("OTHER 属于小区自治", Said(R.OTHER, "属于小区自治")),
    ("FINISHED_NO_NEW", Said(R.FINISHED_NO_NEW)),
    ("4", Said(R.LEGAL_PATH)),
    ("４", Said(R.LEGAL_PATH)),
    ("4号", Said(R.LEGAL_PATH)),
    ("理由4", Said(R.LEGAL_PATH)),
    ("1，请向邻区反映", Said(R.OUT_OF_AREA, "请向邻区反映")),
    ("15 属于小区自治，请找业委会", Said(R.OTHER, "属于小区自治，请找业委会")),
    ("诉讼", Said(R.LEGAL_PATH)),
    ("訴訟", Said(R.LEGAL_PATH)),
    ("信访", Said(R.PETITION)),
    ("信訪。", Said(R.PETITION)),
    ("不属本区", Said(R.OUT_OF_AREA)),
    ("不屬本區，請向鄰區反映", Said(R.OUT_OF_AREA, "請向鄰區反映")),
    ("广告", Said(R.ADVERT)),
    ("涉密", Said(R.SECRET)),
    ("隐私", Said(R.PRIVACY_OF_OTHERS)),
    ("重复", Said(R.IN_PROGRESS)),
    ("纪委", Said(R.DISCIPLINE_CLUE)),
    ("120", Said(R.EMERGENCY)),
    ("其他", Said(R.OTHER)),
    ("该事项已进入诉讼程序", Said(R.LEGAL_PATH, "该事项已进入诉讼程序")),
    ("是一条房产中介的广告", Said(R.ADVERT, "是一条房产中介的广告")),
])  # fmt: skip
def test_a_reason_is_understood_as_officers_write_it(text, said):
    assert read_reason(text) == said


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "16", "99", "3天前", "不想办", "诉讼和信访都有", "LEGAL", "advertisement", "其他单位的事", "？"],
)
def test_anything_else_is_no_reason(text):
    assert read_reason(text) is None


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_written_by_its_code_and_by_its_place_in_the_list(reason):
    number = list(Reason).index(reason) + 1
    assert read_reason(reason.value) == read_reason(str(number)) == Said(reason)
    assert reason_of(reason.value) is reason_of(reason.value.lower()) is reason
    assert len(reason.value) <= 24


def test_the_list_is_the_whole_of_what_is_not_accepted():
    assert [reason.value for reason in Reason] == [
        "OUT_OF_AREA",
        "OTHER_ORGAN",
        "EMERGENCY",
        "LEGAL_PATH",
        "PETITION",
        "IN_PROGRESS",
        "FINISHED_NO_NEW",
        "SECRET",
        "PRIVACY_OF_OTHERS",
        "ABUSE",
        "UNCLEAR",
        "ADVERT",
        "ILLEGAL",
        "DISCIPLINE_CLUE",
        "OTHER",
    ]


@pytest.mark.parametrize("code", ["", "4", "诉讼", "NOTHING", "LEGAL_PATH;"])
def test_a_page_gives_codes_and_nothing_else(code):
    assert reason_of(code) is None


@pytest.mark.parametrize(
    ("reason", "note", "missing"),
    [
        (R.OTHER, "", True),
        (R.OTHER, " 自 治 ", True),
        (R.OTHER, "小区自治", False),
        (R.ADVERT, "", False),
    ],
)
def test_only_other_needs_words_of_the_officers_own(reason, note, missing):
    assert text_missing(reason, note) is missing


def test_danger_is_what_is_never_rejected():
    assert {"emergency", "self_harm"} == NEVER_REJECTED


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_and_what_is_read_loses_no_word_of_the_note(text):
    said = read_reason(text)
    assert said is None or said.note in text
