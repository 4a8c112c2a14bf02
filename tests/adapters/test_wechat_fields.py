"""Template fields fitted to their types (edge case 30)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters._wechat.fields import fit, fit_fields
from bot.edge.errors import Refused
from tests.kit.fakes import START

LONG = "成华区府青路街道办事处二仙桥社区居民委员会"


@pytest.mark.parametrize(
    ("field", "value", "fitted"),
    [
        ("thing1", "路灯", "路灯"),
        ("thing1", LONG[:20], LONG[:20]),
        ("thing1", LONG, LONG[:19] + "…"),
        ("thing1", "第一行\n第二行\t\x00完", "第一行 第二行 完"),
        ("thing1", "", "-"),
        ("thing1", " \u200b ", "-"),
        ("thing12", "😀" * 11, "😀" * 9 + "…"),
        ("character_string2", "2611230042", "2611230042"),
        ("character_string2", "编号2611-0042", "2611-0042"),
        ("character_string2", "编号", "-"),
        ("character_string2", "1" * 40, "1" * 32),
        ("phrase4", "已答复", "已答复"),
        ("phrase4", "已经正式答复了", "已经正式答"),
        ("phrase4", "OK 1", "无"),
        ("name3", "张某某", "张某某"),
        ("name3", LONG, LONG[:10]),
        ("name3", "王 3 Li", "王"),
        ("name3", "Li Ming 7", "Li Ming"),
        ("name3", "", "无"),
        ("number1", "剩 1,024.50 天", "1024.50"),
        ("number1", "", "0"),
        ("amount1", "罚款 ¥200.00元", "¥200.00元"),
        ("amount1", "无", "0元"),
        ("phone_number1", "+86 199-0000 0000（办）", "+86199-00000000"),
        ("phone_number1", "无", "-"),
        ("letter1", "a中1B", "aB"),
        ("letter1", "", "NA"),
        ("symbol1", "!?中a", "!?"),
        ("symbol1", "", "-"),
        ("car_number1", "川A0000警用车辆", "川A0000警用"),
        ("const5", "办理中", "办理中"),
        ("const5", "", "-"),
        ("keyword1", LONG, LONG),
        ("time3", "2026-11-27 17:30", "2026年11月27日 17:30"),
        ("time3", "2026-11-27T09:30:00+00:00", "2026年11月27日 17:30"),
        ("time3", "2026/1/5", "2026年1月5日"),
        ("time3", "2026年11月27日（周五）17:30前", "2026年11月27日 17:30"),
        ("time3", "11月27日（星期五）", "2026年11月27日"),
        ("time3", "1月5日", "2027年1月5日"),
        ("time3", "9：05", "09:05"),
        ("date3", "2026年11月27日", "2026年11月27日"),
    ],
)
def test_edge_30_each_type_gets_what_it_takes(field, value, fitted):
    assert fit(field, value, START) == fitted


@pytest.mark.parametrize("value", ["", "尽快", "2026-02-30", "13月40日", "99:99", "11月"])
def test_edge_30_a_date_nobody_can_read_is_refused_before_the_call(value):
    with pytest.raises(Refused, match="47003"):
        fit("time3", value, START)


def test_a_date_without_year_is_the_nearest_one():
    assert fit("date1", "12月30日", datetime(2027, 1, 2, tzinfo=UTC)) == "2026年12月30日"
    assert fit("date1", "2月29日", datetime(2027, 12, 1, tzinfo=UTC)) == "2028年2月29日"


def test_only_mapped_fields_go_out_and_all_of_them_unless_there_is_no_mapping():
    values = {"unit": "城管局", "secret": "x"}
    assert fit_fields(values, {"unit": "thing1", "state": "phrase2"}, START) == {
        "thing1": "城管局",
        "phrase2": "无",
    }
    assert fit_fields({"thing1": "a"}, {}, START) == {"thing1": "a"}


RULES = {
    "thing1": r".{1,20}",
    "character_string1": r"[ -~]{1,32}",
    "phrase1": r"[\u3400-\u9fff\U00020000-\U0003ffff]{1,5}",
    "letter1": r"[A-Za-z]{1,32}",
    "number1": r"-?\d+(\.\d+)?",
    "amount1": r"[¥￥$€]?\d{1,10}(\.\d{1,2})?元?",
    "phone_number1": r"[0-9+-]{1,17}",
    "name1": r"[\u3400-\u9fff\U00020000-\U0003ffff]{1,10}|[ -~]{1,20}",
}


@pytest.mark.parametrize("field", RULES)
@given(st.text(max_size=60))
def test_edge_30_no_text_breaks_a_types_rule(field, text):
    assert re.fullmatch(RULES[field], fit(field, text, START))
