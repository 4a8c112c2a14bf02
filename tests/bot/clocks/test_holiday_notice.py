"""Notices of four years, in short form, read and compared with the published tables; and what is wrong with one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from chinese_calendar import constants
from hypothesis import given
from hypothesis import strategies as st

from bot.clocks.holiday_notice import Difference, Notice, NoticeError, differences, parse
from bot.clocks.workdays import Calendar, Override

PLAIN = Calendar()

N2012 = """关于2012年部分节假日安排的通知
一、元旦：2012年1月1日至3日放假调休，共3天。2011年12月31日（星期六）上班。
二、春节：1月22日至28日放假调休，共7天。1月21日（星期六）、1月29日（星期日）上班。
三、清明节：4月2日至4日放假调休，共3天。3月31日（星期六）、4月1日（星期日）上班。
四、劳动节：4月29日至5月1日放假调休，共3天。4月28日（星期六）上班。
五、端午节：6月22日至24日放假公休，共3天。
六、中秋节、国庆节：9月30日至10月7日放假调休，共8天。9月29日（星期六）上班。
2011年12月5日"""
N2017 = """关于2017年部分节假日安排的通知
一、元旦:1月1日放假,1月2日(星期一)补休。
二、春节:1月27日至2月2日放假调休,共7天。1月22日(星期日)、2月4日(星期六)上班。
三、清明节:4月2日至4日放假调休,共3天。4月1日(星期六)上班。
四、劳动节:5月1日放假,与周末连休。
五、端午节:5月28日至30日放假调休,共3天。5月27日(星期六)上班。
六、中秋节、国庆节:10月1日至8日放假调休,共8天。9月30日(星期六)上班。"""
N2020 = """关于2020年部分节假日安排的通知
一、元旦：2020年1月1日放假，共1天。
二、春节：1月24日至30日放假调休，共7天。1月19日（星期日）、2月1日（星期六）上班。
三、清明节：4月4日至6日放假调休，共3天。
四、劳动节：5月1日至5日放假调休，共5天。4月26日（星期日）、5月9日（星期六）上班。
五、端午节：6月25日至27日放假调休，共3天。6月28日（星期日）上班。
六、国庆节、中秋节：10月1日至8日放假调休，共8天。9月27日（星期日）、10月10日（星期六）上班。"""
N2020_LONGER = """关于延长2020年春节假期的通知
一、延长2020年春节假期至2月2日（农历正月初九，星期日），2月3日（星期一）起正常上班。
二、不能休假的职工，应安排补休。"""
N2026 = """关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。"""
BEFORE_EXTENSION = Calendar({date(2020, 1, 31): Override(working=True), date(2020, 2, 1): Override(working=True)})


def extended_2020() -> Notice:
    first, longer = parse(N2020, PLAIN), parse(N2020_LONGER, BEFORE_EXTENSION)
    return Notice(2020, {**first.days, **longer.days})


def in_year(days, year):
    return {day for day in days if day.year == year}


YEARS = [
    pytest.param(lambda: parse(N2012, PLAIN), id="2012"),
    pytest.param(lambda: parse(N2017, PLAIN), id="2017"),
    pytest.param(extended_2020, id="2020"),
    pytest.param(lambda: parse(N2026, PLAIN), id="2026"),
]


@pytest.mark.parametrize("read", YEARS)
def test_a_notice_differs_from_the_published_tables_on_no_day(read):
    notice = read()
    assert differences(notice, PLAIN) == ()


@pytest.mark.parametrize("read", YEARS)
def test_every_special_day_of_the_published_tables_is_in_the_notice(read):
    notice = read()
    off = {day for day, works in notice.days.items() if not works and day.weekday() < 5}
    work = {day for day, works in notice.days.items() if works and day.weekday() >= 5}
    published = {day for day in constants.holidays if day.weekday() < 5}
    assert in_year(off, notice.year) == in_year(published, notice.year)
    assert in_year(work, notice.year) == in_year(constants.workdays, notice.year)


def test_a_make_up_day_of_the_year_before_is_in_that_year():
    notice = parse(N2012, PLAIN)
    assert (notice.year, notice.days[date(2011, 12, 31)]) == (2012, True)
    assert len(notice.days) == 3 + 1 + 7 + 2 + 3 + 2 + 3 + 1 + 3 + 8 + 1


def test_the_extension_of_2020_moves_three_days_and_names_the_first_working_one():
    longer = parse(N2020_LONGER, BEFORE_EXTENSION)
    assert longer.days == {
        date(2020, 1, 31): False,
        date(2020, 2, 1): False,
        date(2020, 2, 2): False,
        date(2020, 2, 3): True,
    }
    assert differences(longer, BEFORE_EXTENSION) == (
        Difference(date(2020, 1, 31), before=True, after=False),
        Difference(date(2020, 2, 1), before=True, after=False),
    )


def test_the_first_notice_of_2020_alone_differs_on_the_saturday_the_extension_freed():
    assert differences(parse(N2020, PLAIN), PLAIN) == (Difference(date(2020, 2, 1), before=False, after=True),)


def test_an_extension_already_in_the_calendar_changes_nothing():
    assert differences(parse(N2020_LONGER, PLAIN), PLAIN) == ()


def test_a_notice_for_an_unpublished_year_shows_what_it_changes():
    text = "关于延长2027年春节假期的通知\n一、延长2027年春节假期至2月10日，2月11日起正常上班。"
    assert differences(parse(text, PLAIN), PLAIN) == (
        Difference(date(2027, 2, 9), before=True, after=False),
        Difference(date(2027, 2, 10), before=True, after=False),
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("（", "(").replace("）", ")").replace("：", ":").replace("，", ","),
        lambda text: text.replace("(", "（").replace(")", "）"),
        lambda text: text.replace("月", " 月 ").replace("日", " 日"),
        lambda text: text.replace("星期", "周"),
        lambda text: text.replace("周日", "星期天"),
        lambda text: text.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        lambda text: text.replace("\n", "\r\n\r\n\u3000\u3000"),
        lambda text: text.replace("至", "—"),
    ],
    ids=["ascii", "full-width brackets", "blanks", "zhou", "tian", "full-width digits", "paragraphs", "dash"],
)
@pytest.mark.parametrize("text", [N2012, N2017, N2026], ids=["2012", "2017", "2026"])
def test_the_same_days_however_it_is_typed(text, change):
    assert parse(change(text), PLAIN) == parse(text, PLAIN)


def one(sentence: str, title: str = "关于2026年假期的通知") -> dict[str, bool]:
    return {str(day)[5:]: works for day, works in parse(f"{title}\n{sentence}", PLAIN).days.items()}


@pytest.mark.parametrize(
    ("sentence", "days"),
    [
        ("1月1日放假。", {"01-01": False}),
        ("5月1日放假,与周末连休。", {"05-01": False}),
        ("4月4日、5日放假。", {"04-04": False, "04-05": False}),
        (
            "4月30日至5月2日调休放假,共3天,其中5月1日(星期五)放假,5月9日(星期六)上班。",
            {"04-30": False, "05-01": False, "05-02": False, "05-09": True},
        ),
        ("元旦:12月31日(星期三)至1月1日放假,共2天。", {"12-31": False, "01-01": False}),
        ("国庆节:12月31日(星期四)放假。", {"12-31": False}),
        ("元旦:2025年12月31日至2026年1月2日放假调休,共3天。", {"12-31": False, "01-01": False, "01-02": False}),
        ("2月14日(周六)和2月28日(周六)照常上班。", {"02-14": True, "02-28": True}),
        ("(一)元旦:1月1日公休;1月4日(周日)上班。", {"01-01": False, "01-04": True}),
    ],
)
def test_a_sentence_is_read(sentence, days):
    assert one(sentence) == days


def test_no_holiday_is_longer_than_fifteen_days():
    assert len(one("1月1日至15日放假,共15天。")) == 15
    with pytest.raises(NoticeError, match="no_such_day"):
        one("1月1日至16日放假,共16天。")


def test_no_extension_is_longer_than_fifteen_days():
    # Days off up to Wednesday 10-07; 10-10 is worked.
    assert len(one("延长2026年国庆节假期至10月22日。")) == 15
    with pytest.raises(NoticeError, match="nothing_to_extend"):
        one("延长2026年国庆节假期至10月23日。")


def test_what_changes_nothing_is_shown_and_not_applied():
    text = (
        "国务院办公厅12月1日发布《关于2024年节假日安排的通知》:\n春节:2月10日至17日放假调休,共8天。"
        "鼓励各单位安排职工在除夕(2月9日)休息。\n2023年10月25日11:20来源:某报"
    )
    notice = parse(text, PLAIN)
    assert date(2024, 2, 9) not in notice.days
    assert len(notice.days) == 8
    assert notice.asides == (
        "国务院办公厅12月1日发布《关于2024年节假日安排的通知》:",
        "鼓励各单位安排职工在除夕(2月9日)休息",
    )


ERRORS = [
    ("1月1日至3日放假调休,共4天。", "wrong_count"),
    ("1月4日(周六)上班。", "wrong_weekday"),
    ("2月30日放假。", "no_such_day"),
    ("0月1日至8日放假调休,共8天。", "no_such_day"),
    ("10月7日至1日放假。", "no_such_day"),
    ("1月1日至3月1日放假。", "no_such_day"),
    ("2062年1月1日放假。", "no_such_day"),
    ("延长2026年春节假期至0001年1月1日。", "no_such_day"),
    ("12日放假。", "unreadable"),
    ("1月1日休假。", "unreadable"),
    ("1月1日放假另行安排。", "unreadable"),
    ("1月1日放假,1月1日上班。", "contradiction"),
    ("延长2026年春节假期至7月17日。", "nothing_to_extend"),
]


@pytest.mark.parametrize(("sentence", "problem"), ERRORS)
def test_a_sentence_that_cannot_be_right_is_named(sentence, problem):
    with pytest.raises(NoticeError, match=problem) as caught:
        one(sentence)
    assert caught.value.problem == problem
    assert caught.value.sentence == sentence.rstrip("。")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no_year"),
        ("元旦:1月1日放假。", "no_year"),
        ("关于2026年假期的通知", "no_days"),
        ("关于0001年假期的通知\n1月1日放假。", "no_year"),
    ],
)
def test_a_text_that_is_no_notice(text, problem):
    with pytest.raises(NoticeError) as caught:
        parse(text, PLAIN)
    assert caught.value.problem == problem


@pytest.mark.parametrize("line", range(1, 7))
def test_a_notice_with_a_lost_paragraph_names_the_festival(line):
    lines = N2026.splitlines()
    with pytest.raises(NoticeError, match="festival_missing") as caught:
        parse("\n".join(lines[:line] + lines[line + 1 :]), PLAIN)
    assert caught.value.sentence in lines[line]


@given(st.dates(date(2010, 1, 1), date(2040, 12, 20)), st.integers(0, 14))
def test_any_stretch_of_days_is_read_as_it_was_written(first, more):
    last = first + timedelta(days=more)
    text = (
        f"关于{first.year}年假期的通知\n{first.year}年{first.month}月{first.day}日(周{'一二三四五六日'[first.weekday()]})"
        f"至{last.year}年{last.month}月{last.day}日放假,共{more + 1}天。"
    )
    assert parse(text, PLAIN).days == {first + timedelta(days=n): False for n in range(more + 1)}


@given(st.text(st.sampled_from("0123456789年月日至、,()周星期一六放假调休上班共天延长春节。\n"), max_size=80))
def test_whatever_is_pasted_is_read_or_refused(text):
    try:
        days = parse("关于2026年假期的通知\n" + text, PLAIN).days
    except NoticeError:
        return
    assert days
    assert all(abs(day.year - 2026) <= 1 for day in days)
