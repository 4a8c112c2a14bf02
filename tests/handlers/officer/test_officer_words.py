"""Officers' words: what is a command, what is missing, and what must never be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.acts import (
    Confirm,
    StaffBad,
    StaffCorrect,
    StaffDuty,
    StaffList,
    StaffMerge,
    StaffReject,
    StaffReply,
    StaffRetract,
    StaffReturn,
    StaffSend,
    StaffShow,
    StaffSign,
    StaffTransfer,
)
from tests.kit.officer_words import parse_staff

N = "2611230042"


@pytest.mark.parametrize(("text", "act"), [
    ("待办", StaffList()),
    ("待辦", StaffList()),
    ("待办。", StaffList()),
    ("收 1024", StaffSign("1024")),
    ("收1024", StaffSign("1024")),
    ("收１０２４", StaffSign("1024")),
    ("收：1024", StaffSign("1024")),
    ("收 1024号", StaffSign("1024")),
    ("收　1024", StaffSign("1024")),
    ("收一零二四", StaffSign("1024")),
    ("签收 26-1123-0042", StaffSign(N)),
    ("收 26-1123-0042 853016", StaffSign(N, "853016")),
    ("收26 1123 0042 ８５３０１６", StaffSign(N, "853016")),
    ("收 2611230042 853016", StaffSign(N, "853016")),
    ("看 1024", StaffShow("1024")),
    ("看1024", StaffShow("1024")),
    ("复 1024 已安排人员到场。", StaffReply("1024", "已安排人员到场。")),
    ("复1024：已安排", StaffReply("1024", "已安排")),
    ("復 1024 已安排", StaffReply("1024", "已安排")),
    ("复 1024\n您好：\n\n路灯已修好。\n  城管局", StaffReply("1024", "您好：\n\n路灯已修好。\n  城管局")),
    ("复 1024 853016 已安排", StaffReply("1024", "已安排", "853016")),
    ("复 26-1123-0042 853016\n第一行\n第二行", StaffReply(N, "第一行\n第二行", "853016")),
    ("复 1024 11月27日前修好，电话028-00000000", StaffReply("1024", "11月27日前修好，电话028-00000000")),
    ("复 1024 ＡＢＣ繁體不變", StaffReply("1024", "ＡＢＣ繁體不變")),
    ("复 1024 请拨打 853016", StaffReply("1024", "请拨打 853016")),
    ("转 1024 城管局", StaffTransfer("1024", "城管局")),
    ("转1024城管局", StaffTransfer("1024", "城管局")),
    ("转 1024 城管局 853016", StaffTransfer("1024", "城管局", "853016")),
    ("转 1024 853016 城管局", StaffTransfer("1024", "城管局", "853016")),
    ("退 1024 不属我局职责", StaffReturn("1024", "不属我局职责")),
    ("退 1024 不属我局职责 853016", StaffReturn("1024", "不属我局职责", "853016")),
    ("绑定 853016", Confirm("853016")),
    ("收", StaffBad("staff.bad_number")),
    ("收 abc", StaffBad("staff.bad_number")),
    ("收 1024 元罚款不合理", StaffBad("staff.bad_number")),
    ("复 已安排", StaffBad("staff.bad_number")),
    ("复 1024", StaffBad("staff.bad_text")),
    ("复 1024 853016", StaffBad("staff.bad_text")),
    ("转 1024", StaffBad("staff.bad_unit")),
    ("转 1024 853016", StaffBad("staff.bad_unit")),
    ("退 1024", StaffBad("staff.bad_reason")),
    ("退 城管局", StaffBad("staff.bad_number")),
    ("口令", StaffBad("staff.help")),
])  # fmt: skip
def test_a_staff_word_with_its_number_is_a_command(text, act):
    assert parse_staff(text) == act


@pytest.mark.parametrize("text", [
    "转发：收 1024",
    "「收 1024」",
    "「张三：收 1024」\n- - - - -\n好的",
    "“收 1024”",
    "> 收 1024",
    "您看一下\n收 1024",
    "请收 1024",
    "FW: 收 1024",
    "@李四 收 1024",
    "收到",
    "收费太高",
    "收一下快递费合理吗",
    "复习资料在哪里领",
    "复查结果什么时候出",
    "转给城管局",
    "转学手续怎么办",
    "退休金没有到账",
    "退款难",
    "看病难",
    "看一下我家门口的路灯",
    "绑定手机 19900001234",
    "路灯坏了",
    "1024",
    "",
])  # fmt: skip
def test_anything_else_is_no_command(text):
    assert parse_staff(text) is None


@given(
    st.text(min_size=1).filter(
        lambda t: t.strip() and not t.strip()[:1].isdigit() and t.strip()[0] not in ",，:：;；、"
    )
)
def test_the_answer_of_an_officer_stays_as_written(answer):
    act = parse_staff(f"复 26-1123-0042 {answer}")
    assert act == StaffReply(N, answer.strip(), None)


@given(st.text(alphabet=st.sampled_from("收复转退看待办绑定1024 ：\n号一二-"), max_size=20))
def test_any_mix_of_staff_words_is_read_without_error(text):
    parse_staff(text)


# --- the duty desk ---


@pytest.mark.parametrize(("text", "act"), [
    ("派 1024 2", StaffSend("1024", "", 2)),
    ("派1024 2", StaffSend("1024", "", 2)),
    ("派 １０２４ ２", StaffSend("1024", "", 2)),
    ("派 1024 第2个", StaffSend("1024", "", 2)),
    ("派 1024 建议二", StaffSend("1024", "", 2)),
    ("派 1024 2 384712", StaffSend("1024", "", 2, (), "384712")),
    ("派 1024 384712 2", StaffSend("1024", "", 2, (), "384712")),
    ("派 1024 2 ３８４７１２", StaffSend("1024", "", 2, (), "384712")),
    ("派单 26-1123-0042 城管局", StaffSend(N, "城管局")),
    ("派單 1024 城管局", StaffSend("1024", "城管局")),
    ("分派 1024 城管局", StaffSend("1024", "城管局")),
    ("派给1024 城管局 384712", StaffSend("1024", "城管局", 0, (), "384712")),
    ("派給 1024 城管局", StaffSend("1024", "城管局")),
    ("派1024城管局", StaffSend("1024", "城管局")),
    ("派 1024 区科协", StaffSend("1024", "区科协")),
    ("派 1024 城管局 协 住建局 水务局", StaffSend("1024", "城管局", 0, ("住建局", "水务局"))),
    ("派 1024 2 協辦 住建局、水务局 384712", StaffSend("1024", "", 2, ("住建局", "水务局"), "384712")),
    ("派 1024 区科协，协：政协办公室", StaffSend("1024", "区科协", 0, ("政协办公室",))),
    ("不受理 1024 诉讼", StaffReject("1024", "LEGAL_PATH")),
    ("不予受理 1024 legal_path", StaffReject("1024", "LEGAL_PATH")),
    ("拒1024 4 384712", StaffReject("1024", "LEGAL_PATH", "", "384712")),
    ("不受理 1024 384712 其他 属于小区自治", StaffReject("1024", "OTHER", "属于小区自治", "384712")),
    ("不受理 1024 不屬本區", StaffReject("1024", "OUT_OF_AREA")),
    ("并 1024 1019", StaffMerge("1024", "1019")),
    ("並案 1024 1019", StaffMerge("1024", "1019")),
    ("併1024 1019 384712", StaffMerge("1024", "1019", "384712")),
    ("合并 1024 到 1019号", StaffMerge("1024", "1019")),
    ("并 24 1019 384712", StaffMerge("24", "1019", "384712")),
    ("并 24 1019", StaffMerge("24", "1019")),
    ("并 26-1123-0042 26-1123-0019", StaffMerge(N, "2611230019")),
    ("并 2611230042 2611230019 384712", StaffMerge(N, "2611230019", "384712")),
    ("值班", StaffDuty()),
    ("值班。", StaffDuty()),
    ("派 1024", StaffBad("staff.bad_send")),
    ("派 1024 384712", StaffBad("staff.bad_send")),
    ("派 1024 城管局 协", StaffBad("staff.bad_send")),
    ("派", StaffBad("staff.bad_number")),
    ("不受理 1024", StaffBad("staff.bad_reject")),
    ("不受理 1024 不想办", StaffBad("staff.bad_reject")),
    ("并 1024", StaffBad("staff.bad_merge")),
    ("并 1024 城管局", StaffBad("staff.bad_merge")),
])  # fmt: skip
def test_a_word_of_the_desk_is_a_command(text, act):
    assert parse_staff(text) == act


@pytest.mark.parametrize(
    "text",
    [
        "派出所的人不管",
        "派出所 1024 号",
        "派3个人来修路灯",
        "派单太慢了",
        "派了人来",
        "分派不公平",
        "并且没有人管",
        "并没有人来过",
        "合并同类项",
        "不受理我的投诉是什么道理",
        "不受理3天了",
        "拒绝执行",
        "拒不整改",
        "并2人一起来",
        "值班人员态度不好",
        "请派 1024 城管局",
        "转发：派 1024 城管局",
    ],
)
def test_a_sentence_that_begins_like_a_word_of_the_desk_is_none(text):
    assert parse_staff(text) is None


@given(st.sampled_from(["派", "不受理", "并"]), st.text(max_size=40))
def test_no_text_after_a_word_of_the_desk_breaks_the_reading(word, text):
    parse_staff(word + text)
    parse_staff(f"{word} 1024 {text}")


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("更正 1024 应为明日", StaffCorrect("1024", "应为明日")),
        ("更正１０２４：应为明日", StaffCorrect("1024", "应为明日")),
        ("更正答复 26-1123-0042 853016\n第一行\n第二行", StaffCorrect("2611230042", "第一行\n第二行", "853016")),
        ("改答1024 应为明日", StaffCorrect("1024", "应为明日")),
        ("更正 1024", StaffBad("staff.bad_text")),
        ("更正", StaffBad("staff.bad_number")),
        ("更正3处错误", None),
        ("更正启事", None),
        ("撤答 1024 误发", StaffRetract("1024", "误发")),
        ("撤回答复1024 误发 853016", StaffRetract("1024", "误发", "853016")),
        ("撤答 1024", StaffBad("staff.bad_retraction")),
        ("撤答3次了", None),
    ],
)
def test_an_answer_is_put_right_or_taken_back_by_word_and_not_by_a_sentence(text, act):
    assert parse_staff(text) == act
