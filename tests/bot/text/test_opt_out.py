from __future__ import annotations

import pytest

from bot.text.opt_out import is_platform_word, opt_word


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", "Stop.", " STOP!! ", "ＳＴＯＰ", "ｓｔｏｐ。", "StopAll", "UNSUBSCRIBE", "cancel", "End", "quit",
     "REVOKE", "OPTOUT", "退订", "退订。", "“退订”", "TD", "td", "Ｔ", "t", "退訂", "\u200b退订\u200b"],
)  # fmt: skip
def test_a_lone_word_opts_out(text):
    assert opt_word(text) == "out"


@pytest.mark.parametrize("text", ["START", "start", "Unstop", "恢复", "恢复！", "ＳＴＡＲＴ"])
def test_a_lone_word_opts_in(text):
    assert opt_word(text) == "in"


@pytest.mark.parametrize(
    "text",
    ["STOP 1024", "请停止施工", "请停止", "退订费怎么退", "不退订", "T恤", "TD-LTE",
     "YES", "", "   ", "。", "😀", "HELP",
     "end" + " " * 60, "STOP" * 5000, "恢复供水", "满意"],
)  # fmt: skip
def test_a_word_in_a_sentence_is_a_matter(text):
    assert opt_word(text) is None


@pytest.mark.parametrize(
    ("text", "ours"), [("STOP", True), ("start", True), ("退订", False), ("TD", False), ("路灯", False)]
)
def test_the_platform_acts_on_its_own_words_only(text, ours):
    assert is_platform_word(text) is ours
