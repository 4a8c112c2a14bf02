"""One matter told twice, two matters told alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.routing.repeats import LONGEST, citizens_tell_one_matter, matter, same_citizen_repeats
from tests.kit.work import counted

KNOWN = ("建设路", "人民路", "阳光小区", "银河小区", "城南街道", "杏花街道")


def read(text):
    return matter(text, [place for place in KNOWN if place in text])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("建设路12号门前的路灯坏了三天", "建设路12号门前的路灯坏了三天"),
        ("建设路12号门前的路灯坏了三天", "建设路12号门前的路灯坏了四天了！"),
        ("建设路12号门前的路灯坏了三天", "您好，建设路12号门前的路灯坏了，希望尽快处理，谢谢"),
        ("建設路12號門前的路燈壞了三天", "建设路12号门前的路灯坏了三天"),
        (
            "阳光小区3栋电梯经常停运，老人上下楼不方便",
            "我上周反映过阳光小区3栋电梯经常停运，老人上下楼不方便，到今天还是老样子，物业说没钱修",
        ),
        ("幸福花园门口垃圾没人清理已经一周", "幸福花园门口垃圾没人清理已经一周多"),
        ("社保卡丢失怎么补办需要什么材料", "社保卡丢失怎么补办，需要什么材料？"),
    ],
)
def test_the_same_told_again_is_known(first, second):
    assert same_citizen_repeats(read(second), read(first))
    assert same_citizen_repeats(read(first), read(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("好的", "好的"),
        ("谢谢", "谢谢"),
        ("1", "1"),
        ("", ""),
        ("在吗", "在吗"),
        ("建设路12号路灯坏了", "建设路48号路灯坏了"),  # two lamps
        ("建设路十二号路灯坏了", "建设路十三号路灯坏了"),
        ("建设路的路灯坏了三天", "人民路的路灯坏了三天"),
        ("阳光小区3栋楼道灯坏了", "阳光小区5栋楼道灯坏了"),
        ("阳光小区停水了", "银河小区停水了"),
        ("幸福花园停水一天了", "翠竹花园停水一天了"),  # known by their ending alone
        ("建设路的路灯坏了三天", "建设路的井盖不见了"),
        ("路灯坏了三天没人修理很危险", "建设路路灯坏了三天没人修理很危险"),  # the one names a place
        ("社保卡丢失怎么补办", "居住证怎么办理"),
    ],
)
def test_something_else_is_not_taken_for_a_repeat(first, second):
    assert not same_citizen_repeats(read(second), read(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("阳光小区停电了", "阳光小区怎么又没电了，空调都不能用"),
        ("阳光小区3栋停电", "阳光小区5栋也停电了，什么时候来电"),
        ("阳光小区停水了", "我们阳光小区从早上开始没有水"),
        ("建设路积水很深", "建设路被淹了车过不去"),
        ("建设路晚上施工噪音太大睡不着", "建设路工地晚上施工噪音很大，孩子睡不着"),
        ("建设路12号停电", "建设路80号停电了"),
        ("幸福花园断网一上午了", "幸福花园没网"),
        ("城南街道停电", "城南街道断电两小时"),
        ("城南街道阳光小区停电", "阳光小区停电"),
        (
            "关于要求公开本轮供热价格调整听证材料的请求，全体业主联名",
            "关于要求公开本轮供热价格调整听证材料的请求，全体业主联名签字",
        ),
    ],
)
def test_many_citizens_with_one_matter_are_known(first, second):
    assert citizens_tell_one_matter(read(first), read(second))
    assert citizens_tell_one_matter(read(second), read(first))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("阳光小区停电了", "银河小区停电了"),
        ("幸福花园停电了", "翠竹花园停电了"),
        ("城南街道阳光小区停电", "城南街道银河小区停电"),
        ("停电了", "停电了"),  # nobody says where
        ("路灯坏了", "路灯坏了"),
        ("晚上路灯不亮", "晚上路灯不亮"),  # 晚上路 is no road
        ("建设路12号路灯坏了", "建设路80号路灯坏了"),
        ("建设路12号门口有异味", "建设路80号门口有异味"),
        ("阳光小区停电", "阳光小区停水"),
        ("阳光小区停电", "停电"),
        ("阳光小区物业费太高", "阳光小区电梯坏了"),
        ("阳光小区没有电梯", "阳光小区没电话亭"),
        ("建设路占道经营严重", "建设路路灯坏了"),
        ("", ""),
    ],
)
def test_different_matters_are_not_linked(first, second):
    assert not citizens_tell_one_matter(read(first), read(second))


@given(
    st.text(alphabet="建设路阳光小区停电水灯坏了号栋12,。 的", max_size=60),
    st.text(alphabet="建设路阳光小区停电水灯坏了号栋12,。 的", max_size=60),
)
def test_it_does_not_matter_who_was_first(first, second):
    a, b = read(first), read(second)
    assert same_citizen_repeats(a, b) == same_citizen_repeats(b, a)
    assert citizens_tell_one_matter(a, b) == citizens_tell_one_matter(b, a)


@given(st.text(max_size=200))
def test_any_text_can_be_compared(text):
    found = read(text)
    assert same_citizen_repeats(found, found) in {True, False}


@pytest.mark.parametrize("piece", ["停电", "建设路12号", "我们", "路", "1", "号", "一二三", "a", "，", "小区"])
def test_a_long_text_costs_no_more_than_its_beginning(piece):
    def work(length):
        text = (piece * length)[:length]
        with counted() as done:
            told = read(text)
            same_citizen_repeats(told, told), citizens_tell_one_matter(told, told)
        return done

    work(LONGEST)  # the first time tables are made
    beginning, long = work(2 * LONGEST), work(100 * LONGEST)
    assert long.calls <= beginning.calls
    assert long.peak < 100_000
