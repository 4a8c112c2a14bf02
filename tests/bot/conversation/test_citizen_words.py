"""What counts as a citizen's word, and what is a matter that merely begins with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.acts import (
    BindPhone,
    Confirm,
    EndDraft,
    FullText,
    Hint,
    Human,
    Objection,
    OptIn,
    OptOut,
    Progress,
    Rate,
    Supplement,
    Urge,
    Withdraw,
)
from bot.conversation.citizen_words import parse_citizen, read_phone

N = "2611230042"

COMMANDS = [
    ("进度", Progress(None)),
    ("进度？", Progress(None)),
    ("進度", Progress(None)),
    ("查", Progress(None)),
    ("查询", Progress(None)),
    ("cx", Progress(None)),
    ("CX", Progress(None)),
    ("ＣＸ", Progress(None)),
    ("查进度", Progress(None)),
    ("查一下", Progress(None)),
    ("怎么样了？", Progress(None)),
    ("CX2611230042", Progress(N)),
    ("cx 26-1123-0042", Progress(N)),
    ("查２６－１１２３－００４２", Progress(N)),
    ("查询26-1123-0042号", Progress(N)),
    ("查询编号：26-1123-0042", Progress(N)),
    ("查 二六一一二三零零四二", Progress(N)),
    ("进度 42", Progress("42")),
    ("进度四十二", Progress("42")),
    ("CX 26-1123-0042 384712", Progress(N, "384712")),
    ("CX2611230042,384712", Progress(N, "384712")),
    ("cx2611230042384712", Progress(N, "384712")),
    ("查2611230042查询码384712", Progress(N, "384712")),
    ("查 1123-42 ３８４７１２", Progress("11230042", "384712")),
    ("26-1123-0042", Progress(N)),
    ("26-1123-0042 384712", Progress(N, "384712")),
    ("26-1123-0042进度", Progress(N)),
    ("1024号进度？", Progress("1024")),
    ("催", Urge(None)),
    ("催办", Urge(None)),
    ("催一下！", Urge(None)),
    ("催 1024", Urge("1024")),
    ("催办26-1123-0042", Urge(N)),
    ("1024号催办", Urge("1024")),
    ("撤回", Withdraw(None)),
    ("撤销 1024", Withdraw("1024")),
    ("撤回２６１１２３００４２", Withdraw(N)),
    ("全文", FullText(None)),
    ("“全文”", FullText(None)),
    ("全文 1024", FullText("1024")),
    ("Y", Objection(None)),
    ("y", Objection(None)),
    ("Ｙ", Objection(None)),
    ("“Y”", Objection(None)),
    ("Y。", Objection(None)),
    ("Y 1024", Objection("1024")),
    ("y26-1123-0042", Objection(N)),
    ("有异议", Objection(None)),
    ("有異議！", Objection(None)),
    ("异议 1024", Objection("1024")),
    ("1024号有异议", Objection("1024")),
    ("补充", Supplement(None, "")),
    ("补充：门牌是 12 号", Supplement(None, "门牌是 12 号")),
    ("補充 門牌是12號", Supplement(None, "門牌是12號")),
    ("补充 1024 门牌是 12 号\n三单元", Supplement("1024", "门牌是 12 号\n三单元")),
    ("补充1024号，门牌１２号", Supplement("1024", "门牌１２号")),
    ("补充26-1123-0042路灯也坏了", Supplement(N, "路灯也坏了")),
    ("补充 26-1123-0042", Supplement(N, "")),
    ("补充 3 盏路灯都坏了", Supplement(None, "3 盏路灯都坏了")),
    ("补充 3盏路灯都坏了", Supplement(None, "3盏路灯都坏了")),
    ("加 1024 还有噪音", Supplement("1024", "还有噪音")),
    ("加：还有噪音", Supplement(None, "还有噪音")),
    ("满意", Rate(None, 1)),
    ("满意！", Rate(None, 1)),
    ("滿意", Rate(None, 1)),
    ("基本满意", Rate(None, 2)),
    ("不满意", Rate(None, 3)),
    ("非常不满意。", Rate(None, 3)),
    ("1", Rate(None, 1)),
    ("１", Rate(None, 1)),
    ("①", Rate(None, 1)),
    ("一", Rate(None, 1)),
    ("2.", Rate(None, 2)),
    ("二", Rate(None, 2)),
    ("③", Rate(None, 3)),
    ("３！", Rate(None, 3)),
    ("回复1", Rate(None, 1)),
    ("1满意", Rate(None, 1)),
    ("1 满意", Rate(None, 1)),
    ("1 26-1123-0042", Rate(N, 1)),
    ("3 1024", Rate("1024", 3)),
    ("满意 26-1123-0042", Rate(N, 1)),
    ("26-1123-0042 满意", Rate(N, 1)),
    ("满意，谢谢", Rate(None, 1, "谢谢")),
    ("不满意 没人来修", Rate(None, 3, "没人来修")),
    ("不满意：没人来修", Rate(None, 3, "没人来修")),
    ("不满意 26-1123-0042 没人来修", Rate(N, 3, "没人来修")),
    ("退订", OptOut()),
    ("退訂", OptOut()),
    ("td", OptOut()),
    ("ＴＤ", OptOut()),
    ("T", OptOut()),
    ("Stop.", OptOut()),
    ("STOP", OptOut()),
    ("START", OptIn()),
    ("恢复", OptIn()),
    ("帮助", Hint("help")),
    ("幫助", Hint("help")),
    ("HELP", Hint("help")),
    ("菜单", Hint("help")),
    ("０", Hint("help")),
    ("？", Hint("help")),
    ("??", Hint("help")),
    ("人工", Human()),
    ("转人工", Human()),
    ("人工服务。", Human()),
    ("完", EndDraft()),
    ("完了", EndDraft()),
    ("结束！", EndDraft()),
    ("绑定 853016", Confirm("853016")),
    ("绑定８５３０１６", Confirm("853016")),
    ("绑定验证码：853016", Confirm("853016")),
    ("绑定", Hint("hint.bind_how")),
    ("绑定 85301", Hint("hint.bad_code")),
    ("绑定手机 19900001234", BindPhone("+8619900001234")),
    ("绑定手机：１９９００００１２３４", BindPhone("+8619900001234")),
    ("绑定手机+1 202 555 0123", BindPhone("+12025550123")),
    ("绑定手机号 199 0000 1234", BindPhone("+8619900001234")),
    ("绑定手机", Hint("hint.bad_phone")),
    ("绑定手机 1990000123", Hint("hint.bad_phone")),
    ("绑定手机 12345", Hint("hint.bad_phone")),
]


@pytest.mark.parametrize(("text", "act"), COMMANDS)
def test_a_word_alone_or_with_its_number_is_a_command(text, act):
    assert parse_citizen(text) == act


@pytest.mark.parametrize("text", [
    "查处违建",
    "查一下我家门口的路灯",
    "查 路灯坏了",
    "查12345热线打不通的原因",
    "查 3号楼 电梯坏了",
    "查水表的人态度不好",
    "催收公司骚扰",
    "催了三次没人管",
    "进度太慢了没人管",
    "进展缓慢，地铁施工两年了",
    "补充道路照明",
    "补充3盏路灯",
    "加装电梯",
    "加快修路",
    "加 强巡逻",
    "人工湖臭了",
    "人工智能讲座在哪报名",
    "完全没人管",
    "完了，水管爆了，家里全是水",
    "结束施工的时间是几点",
    "全文明城市检查有问题",
    "撤回垃圾桶的决定不合理",
    "撤销小区门口的停车位",
    "满意度调查太多了",
    "满意吗",
    "不满意你们的态度，路灯坏了三个月",
    "不满意，路灯坏了三个月一直没有人来修，打了好几次电话也没有用",
    "基本满意度的统计口径是什么",
    "STOP 1024",
    "stop施工",
    "请停止施工",
    "停止",
    "退订短信收费不合理",
    "TD大厦漏水",
    "恢复供水",
    "帮助老人过马路的灯坏了",
    "菜单价格虚高",
    "绑定社保卡失败",
    "绑定手机后收不到养老金",
    "1号楼没水",
    "1 楼漏水",
    "1、路灯坏了 2、井盖丢了",
    "2单元电梯停运",
    "3栋",
    "3 5",
    "一环路堵车",
    "二手房过户怎么办",
    "三圣乡的路坏了",
    "5",
    "四",
    "路灯坏了",
    "我要查进度为什么查不到",
    "收 1024",
    "转发：收 1024",
    "13800000000",
    "",
    " ",
    "。",
])  # fmt: skip
def test_a_sentence_that_begins_with_a_word_is_a_matter(text):
    assert parse_citizen(text) is None


@pytest.mark.parametrize(("text", "act"), [
    ("不错", Rate(None, 1)),
    ("一般", Rate(None, 2)),
    ("没解决", Rate(None, 3)),
    ("5", Hint("hint.rating_again")),
    ("五", Hint("hint.rating_again")),
    ("⑤", Hint("hint.rating_again")),
    ("四", Hint("hint.rating_again")),
    ("满意！", Rate(None, 1)),
    ("不满意你们的态度，路灯坏了三个月", Rate(None, 3, "你们的态度,路灯坏了三个月".replace(",", "，"))),
    (
        "不满意，路灯坏了三个月一直没有人来修，打了好几次电话也没有用",
        Rate(None, 3, "路灯坏了三个月一直没有人来修，打了好几次电话也没有用"),
    ),
    ("满意度调查太多了", None),
    ("路灯又坏了，就在老地方", None),
    ("0", Hint("help")),
])  # fmt: skip
def test_a_rating_is_read_more_freely_while_one_is_awaited(text, act):
    assert parse_citizen(text, rating_awaited=True) == act


@pytest.mark.parametrize("text", ["不错", "一般", "5"])
def test_loose_ratings_mean_nothing_when_none_is_awaited(text):
    assert parse_citizen(text) is None


@pytest.mark.parametrize(("typed", "e164"), [
    ("19900001234", "+8619900001234"),
    ("008619900001234", "+8619900001234"),
    ("+86 199-0000-1234", "+8619900001234"),
    ("+85261234567", "+85261234567"),
    ("61234567", None),
    ("02885000000", None),
    ("1990000123x", None),
    ("tel", None),
    ("", None),
])  # fmt: skip
def test_phones_are_read_as_mainland_mobiles_or_with_their_country(typed, e164):
    assert read_phone(typed) == e164


@given(st.text(alphabet=st.sampled_from("查进度催补充加撤回满意不基本123 0：，-\n退订人工完绑定手机号42"), max_size=24))
def test_any_mix_of_the_words_is_read_or_left_without_error(text):
    act = parse_citizen(text)
    assert act is None or act == parse_citizen(text)


@given(st.text(max_size=40))
def test_any_text_is_read_without_error(text):
    parse_citizen(text)
    parse_citizen(text, rating_awaited=True)
