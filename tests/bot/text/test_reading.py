"""Small talk, noise and the one normal form everything is matched in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.reading import (
    bare,
    chinese_number,
    is_automatic,
    is_blank,
    is_greeting,
    is_noise,
    is_only_emoji,
    is_placeholder,
    is_thanks,
    normalise,
)
from tests.kit.patience import LONG, ends


@pytest.mark.parametrize(("typed", "plain"), [
    ("ＣＸ　２６", "cx 26"),
    ("煤氣洩漏", "煤气泄漏"),
    ("進\u200b度\u202e", "进度"),
    ("a\x00b\x07c", "abc"),
    ("行一\r\n\t行二", "行一 行二"),
    ("①⑤", "15"),
    ("\ud83d路灯", "路灯"),
    ("𠮷野家", "𠮷野家"),
    ("\u2028x\u2029", "x"),
    ("", ""),
])  # fmt: skip
def test_everything_is_matched_in_one_form(typed, plain):
    assert normalise(typed) == plain


def test_punctuation_around_a_word_goes():
    assert bare(" “Stop.” ") == "stop"


KINDS = {
    "greeting": is_greeting,
    "thanks": is_thanks,
    "emoji": is_only_emoji,
    "noise": is_noise,
    "blank": is_blank,
    "placeholder": is_placeholder,
    "automatic": is_automatic,
}


@pytest.mark.parametrize(("text", "kind"), [
    ("你好", "greeting"), ("您好！", "greeting"), ("妳好", None), ("在吗", "greeting"), ("在嗎？", "greeting"),
    ("在不在", "greeting"), ("有人吗？？", "greeting"), ("喂喂喂", "greeting"), ("Hello", "greeting"),
    ("hi~", "greeting"), ("你好，请问在吗", "greeting"), ("您好，我想咨询一下", "greeting"), ("早上好", "greeting"),
    ("你好😊", "greeting"), ("你好[微笑]", "greeting"), ("领导您好", "greeting"),
    ("谢谢", "thanks"), ("謝謝您！", "thanks"), ("好的，谢谢", "thanks"), ("好的", "thanks"), ("收到", "thanks"),
    ("知道了", "thanks"), ("OK", "thanks"), ("嗯嗯", "thanks"), ("嗯", "thanks"), ("辛苦了🌹", "thanks"),
    ("👌", "thanks"), ("👍🏻👍🏻", "thanks"), ("[OK]", "thanks"), ("[强][强]", "thanks"), ("🙏🙏", "thanks"),
    ("😀", "emoji"), ("😭😭 😡", "emoji"), ("[流泪][发怒]", "emoji"), ("/::)", "emoji"), ("👨‍👩‍👧", "emoji"),
    ("❤️!", "thanks"), ("🇨🇳", "emoji"), ("☀️", "emoji"),
    ("11111", "noise"), ("。。。", "noise"), ("？！", "noise"), ("test", "noise"), ("测试", "noise"),
    ("測試一下", "noise"), ("aaaa", "noise"), ("哈哈哈哈", "thanks"), ("啊啊啊啊", "noise"), ("42", "noise"),
    ("asdfgh", "noise"), ("y", "noise"),
    ("", "blank"), ("  \n ", "blank"), ("\u200b\u200d", "blank"), ("\u202e", "blank"),
    ("[收到不支持的消息类型，暂无法显示]", "placeholder"),
    ("【收到不支持的消息类型，暂无法显示】", "placeholder"),
    ("[自动回复]您好，我现在有事不在", "automatic"), ("自动回复：稍后联系您", "automatic"),
    ("我正在开会", "automatic"), ("我正在开会，稍后回复您", "automatic"), ("抱歉，我现在不方便接听电话", "automatic"),
    ("我在开车，一会联系", "automatic"), ("Auto-reply: away", "automatic"),
    ("你好，我家门口路灯坏了", None), ("在吗？水管爆了", None), ("谢谢你们修好路灯，但是井盖还没修", None),
    ("收到罚单不合理", None), ("好的物业在哪里", None), ("可以在这里投诉吗", None), ("路灯坏了😡", None),
    ("测试中心大楼噪音", None), ("没人管", None), ("早餐店油烟", None), ("公众号自动回复没人管", None),
    ("我正在开会的会议室漏水", None), ("1栋", None), ("好吵", None), ("停水", None), ("喂鸡的邻居", None),
    ("[漏水]", None), ("你", None), ("吗", None),
])  # fmt: skip
def test_each_text_is_told_for_what_it_is(text, kind):
    told = {name for name, is_kind in KINDS.items() if is_kind(text)}
    if kind == "thanks":
        told.discard("emoji")
    assert told == ({kind} if kind else set())


@pytest.mark.parametrize(("text", "number"), [
    ("四十二", 42), ("十", 10), ("十五", 15), ("二十", 20), ("一百零五", 105), ("一千零二十四", 1024),
    ("两百", 200), ("一零二四", 1024), ("〇〇四二", 42), ("五", 5), ("", None), ("百", None),
    ("十百", None), ("四二路", None), ("42", None),
])  # fmt: skip
def test_chinese_numbers_are_read_in_both_ways(text, number):
    assert chinese_number(text) == number


@given(st.text())
def test_the_normal_form_is_stable_and_every_question_has_an_answer(text):
    plain = normalise(text)
    assert plain == plain.strip()
    assert all(isinstance(is_kind(text), bool) for is_kind in KINDS.values())


@pytest.mark.parametrize(
    "text",
    [
        "嗯" * LONG + "路",
        "知道了" * LONG,
        "你好" * 24 + "x",
        " ," * LONG + "x",
        "\u202e" * LONG,
        "/:" * LONG,
    ],
)
def test_a_text_made_to_be_slow_is_read_at_once(text):
    with ends():
        for is_kind in KINDS.values():
            is_kind(text)
