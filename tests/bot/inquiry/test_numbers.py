"""Numbers as printed, as typed, and as somebody half remembers them."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inquiry.numbers import (
    NumberQuery,
    canonical,
    format_number,
    is_guessable,
    new_code,
    read_number,
)


def test_a_number_is_year_day_and_counter():
    assert format_number(date(2026, 11, 23), 42) == "26-1123-0042"
    assert format_number(date(2026, 1, 2), 12345) == "26-0102-12345"


@pytest.mark.parametrize("counter", [0, -1, 1_000_000])
def test_a_counter_outside_the_day_is_refused(counter):
    with pytest.raises(ValueError):
        format_number(date(2026, 11, 23), counter)


@pytest.mark.parametrize(("typed", "digits"), [
    ("26-1123-0042", "2611230042"),
    ("2611230042", "2611230042"),
    ("26 1123 0042", "2611230042"),
    ("２６－１１２３－００４２", "2611230042"),
    ("26–1123—0042", "2611230042"),
    ("26.1123.0042。", "2611230042"),
    ("26-1123-42", "2611230042"),
    ("26-1123-0042号", "2611230042"),
    ("第26-1123-0042号", "2611230042"),
    ("编号2611230042", "2611230042"),
    ("受理编号：26-1123-0042", "2611230042"),
    ("編號26-1123-0042", "2611230042"),
    ("CX2611230042", "2611230042"),
    ("cx 26-1123-0042", "2611230042"),
    ("No.26-1123-0042", "2611230042"),
    ("#1024", "1024"),
    ("二六一一二三〇〇四二", "2611230042"),
    ("二六幺幺二三零零四二号", "2611230042"),
    ("26-1123-12345", "26112312345"),
    ("2\u200b61123\u202e0042", "2611230042"),
    ("42", "42"),
    ("0042", "0042"),
    ("四十二", "42"),
    ("一零二四", "1024"),
    ("一千零二十四号", "1024"),
    ("1123-0042", "11230042"),
    ("1123-42", "11230042"),
    ("①", "1"),
    ("", None),
    ("号", None),
    ("路灯", None),
    ("42路公交", None),
    ("3号楼", None),
    ("一下", None),
    ("十百", None),
    ("26-1323-0042", None),
    ("2611230000", None),
    ("2611230042384712", None),
    ("26-1123-0042 384712", None),
    ("-", None),
])  # fmt: skip
def test_a_number_is_read_however_it_is_typed(typed, digits):
    assert read_number(typed) == digits


@pytest.mark.parametrize(("typed", "matches"), [
    ("26-1123-0042", True), ("42", True), ("0042", True), ("042", True), ("1123-0042", True),
    ("1123-42", True), ("112342", True), ("26112342", True),
    ("25-1123-0042", False), ("26-1124-0042", False), ("26-1123-0043", False), ("2", False),
    ("142", False), ("1124-0042", False), ("23", False),
])  # fmt: skip
def test_a_query_finds_the_number_meant(typed, matches):
    digits = read_number(typed)
    assert digits is not None
    assert NumberQuery.of(digits).matches("26-1123-0042") is matches


def test_a_query_never_matches_what_is_no_number():
    assert not NumberQuery.of("42").matches("draft")
    assert not NumberQuery().matches("26-1123-0042")


@given(st.dates(date(2012, 1, 1), date(2099, 12, 31)), st.integers(1, 999_999))
def test_every_number_reads_back_as_itself(day, counter):
    number = format_number(day, counter)
    for typed in (number, number.replace("-", ""), number.replace("-", " "), f"编号{number}号"):
        digits = read_number(typed)
        assert digits is not None
        assert canonical(digits) == number
        assert NumberQuery.of(digits) == NumberQuery(full=number)
    assert NumberQuery.of(str(counter)).matches(number)


@given(st.text())
def test_any_text_reads_as_digits_or_as_nothing(text):
    digits = read_number(text)
    assert digits is None or (digits.isascii() and digits.isdecimal())


@pytest.mark.parametrize("code", ["000000", "123456", "654321", "111112", "121212", "384384", "890123", "210987"])
def test_a_code_that_people_try_first_is_guessable(code):
    assert is_guessable(code)


def test_codes_come_from_the_given_source_and_skip_the_guessable():
    drawn = iter([0, 123456, 7, 384712])
    assert new_code(lambda _n: next(drawn)) == "384712"
    codes = {new_code(random.Random(7).randrange) for _ in range(3)}
    assert len(codes) == 1  # same source, same code
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
