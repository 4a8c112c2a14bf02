from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.sms import (
    clusters,
    cut,
    cut_to_segments,
    has_link,
    is_gsm7,
    segments,
    size,
    split_text,
    units,
    without_links,
)
from tests.kit.patience import LONG, ends

FAMILY = "👨\u200d👩\u200d👧"
FLAG = "🇨🇳"
MARKED = "e\u0301"

texts = st.text(st.one_of(st.sampled_from("a中。，！？\n 😀𠮷\u0301\u200d^€"), st.characters()), max_size=400)
units_of_length = st.sampled_from(["characters", "utf8_bytes", "segments"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("^" * 80, 1),
        ("^" * 81, 2),
        ("€" * 153, 3),  # 76 two-unit characters to a part: an escape is not split from its character
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("中" * 536, 8),
        ("中" * 537, 9),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 pairs to a part, one unit wasted
        ("a" * 69 + "中", 1),
        ("a" * 70 + "中", 2),
        ("𠮷", 1),
        ("\ud800" * 71, 2),
    ],
)
def test_segments_are_counted_as_they_are_billed(text, expected):
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("text", "gsm", "expected"),
    [("abc", True, 3), ("[a]", True, 5), ("中a", False, 2), ("😀", False, 2), ("`", False, 1), ("à¡", True, 2)],
)
def test_units_follow_the_alphabet(text, gsm, expected):
    assert (is_gsm7(text), units(text)) == (gsm, expected)


@pytest.mark.parametrize(
    "whole",
    [FAMILY, FLAG, MARKED, "👍🏽", "❤️", "1️⃣", "\r\n", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "ཀྵ", "ـُ"],
)
def test_what_is_seen_as_one_character_is_one_cluster(whole):
    assert clusters("中" + whole + "中") == ["中", whole, "中"]


def test_flags_in_a_row_stay_separate_flags():
    assert clusters("🇨🇳🇭🇰🇲🇴") == ["🇨🇳", "🇭🇰", "🇲🇴"]


@pytest.mark.parametrize("whole", [FAMILY, FLAG, MARKED, "👍🏽"])
@pytest.mark.parametrize("before", range(64, 71))
def test_cutting_never_leaves_half_a_character(whole, before):
    assert cut_to_segments("中" * before + whole + "中" * 80, 1).strip("中") in {"", whole}


def test_a_text_that_fits_is_not_touched_and_gets_no_tail():
    assert cut_to_segments("中" * 70, 1, "……") == "中" * 70


def test_the_tail_takes_its_room_from_the_text():
    assert cut_to_segments("中" * 71, 1, "……全文") == "中" * 66 + "……全文"


def test_a_chinese_tail_turns_a_latin_text_into_ucs2():
    assert cut_to_segments("a" * 161, 1, "……") == "a" * 68 + "……"


def test_a_tail_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="tail"):
        cut_to_segments("中" * 99, 1, "中" * 71)


@given(texts, st.integers(1, 4), st.sampled_from(["", "…", "（回复“全文”）"]))
def test_a_cut_text_fits_and_begins_as_the_whole(text, limit, tail):
    result = cut_to_segments(text, limit, tail)
    assert segments(result) <= limit
    assert result == text or (result.endswith(tail) and text.startswith(result.removesuffix(tail)))


@given(texts, st.integers(20, 60), units_of_length)
def test_a_cut_text_ends_between_clusters(text, limit, unit):
    kept = cut(text, limit, unit)
    rest = clusters(text)
    while rest and kept.startswith(rest[0]):
        kept = kept.removeprefix(rest.pop(0))
    assert kept == ""


@given(texts, st.integers(4, 90), units_of_length)
def test_splitting_loses_nothing_and_each_part_fits(text, limit, unit):
    parts = split_text(text, limit, unit)
    assert "".join(parts) == text
    assert all(part and size(part, unit) <= limit for part in parts)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("第一句。第二句很长很长", 9, ["第一句。", "第二句很长很长"]),
        ("他问：“修好了吗？”我说没有", 12, ["他问：“修好了吗？”", "我说没有"]),
        ("一二三四五，六七八九十", 8, ["一二三四五，", "六七八九十"]),
        ("一二三四五六七八九十", 4, ["一二三四", "五六七八", "九十"]),
        ("嗯。一二三四五六七八九十", 10, ["嗯。一二三四五六七八", "九十"]),
        ("第一行\n第二行", 5, ["第一行\n", "第二行"]),
        ("一二三。\u0301四五六七八九", 8, ["一二三。\u0301四五六", "七八九"]),
        ("", 5, []),
    ],
)
def test_a_split_prefers_the_end_of_a_sentence_then_a_pause(text, limit, expected):
    assert split_text(text, limit, "characters") == expected


def test_a_pile_of_marks_longer_than_the_limit_is_still_split():
    parts = split_text("a" + "\u0301" * 50, 10, "characters")
    assert [len(part) for part in parts] == [10, 10, 10, 10, 10, 1]


def test_a_limit_no_character_fits_is_refused():
    with pytest.raises(ValueError, match="not one character"):
        split_text("中中", 2, "utf8_bytes")


@pytest.mark.heavy
def test_splitting_a_long_text_takes_time_in_proportion():
    with ends():
        assert len(split_text("中" * LONG, 1, "segments")) == -(-LONG // 70)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("见https://wz.example.gov.cn/i/a1。", "见。"),
        ("见wz.example.gov.cn/i/a1，谢谢", "见，谢谢"),
        ("HTTP://X.CN", ""),
        ("www.example.com", ""),
        ("写信至 duty@example.gov.cn", None),
        ("3.5万元，第1.2条", None),
        ("路灯坏了", None),
    ],
)
def test_links_are_seen_and_taken_out(text, rest):
    assert has_link(text) is (rest is not None)
    assert without_links(text) == (text if rest is None else rest)


def test_one_address_may_be_let_through_and_nothing_that_only_begins_like_it():
    text = "见 https://wz.example.cn/ 和https://wz.example.cn/i/1，或wz.example.cn"
    assert without_links(text, but="https://wz.example.cn/") == "见 https://wz.example.cn/ 和，或"
