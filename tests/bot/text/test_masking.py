"""What is covered, what must stay readable, and that no text makes it slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.masking import KINDS, find, has_personal, mask
from bot.text.number_runs import luhn
from tests.kit.patience import LONG, ends

MOBILE = "19900001234"
IDENTITY = "11010519491231002X"  # the example of GB 11643
CARD = "4111111111111111"  # a test number of the card schemes


def stars(count: int) -> str:
    return "*" * count


@pytest.mark.parametrize(
    ("text", "shown", "kinds"),
    [
        # mobile
        (f"电话{MOBILE}。", f"电话{stars(11)}。", ("mobile",)),
        ("１９９００００１２３４", stars(11), ("mobile",)),
        ("199 0000 1234", stars(13), ("mobile",)),
        ("199-0000-1234", stars(13), ("mobile",)),
        ("199.0000.1234", stars(13), ("mobile",)),
        ("199—0000—1234", stars(13), ("mobile",)),
        ("199\u200b0000\u200b1234", stars(13), ("mobile",)),
        ("1 9 9 0 0 0 0 1 2 3 4", stars(21), ("mobile",)),
        ("一九九零零零零一二三四", stars(11), ("mobile",)),
        ("幺九九〇〇〇〇幺二三四", stars(11), ("mobile",)),
        ("19九00001234", stars(11), ("mobile",)),
        (f"第一{MOBILE}", f"第一{stars(11)}", ("mobile",)),
        (f"+86 {MOBILE}", f"+{stars(14)}", ("mobile",)),
        (f"0086{MOBILE}", stars(15), ("mobile",)),
        (f"86-{MOBILE}", stars(14), ("mobile",)),
        ("+1 202 555 0123", f"+{stars(14)}", ("mobile",)),
        (f"{MOBILE} 19900005678", f"{stars(11)} {stars(11)}", ("mobile",)),
        (f"2026-11-23 {MOBILE}", f"2026-11-23 {stars(11)}", ("mobile",)),
        (f"26-1123-0042 {MOBILE}", f"26-1123-0042 {stars(11)}", ("mobile",)),
        ("手机 19 900 001234", f"手机 {stars(13)}", ("mobile",)),
        ("١٩٩٠٠٠٠١٢٣٤", stars(11), ("mobile",)),
        # landline
        ("0731-88880000", stars(13), ("landline",)),
        ("(010)62340000", f"({stars(12)}", ("landline",)),
        ("021 5234 0000", stars(13), ("landline",)),
        ("07918888000", stars(11), ("landline",)),
        ("家里电话87650000", f"家里电话{stars(8)}", ("landline",)),
        ("电话：8765 0000", f"电话：{stars(9)}", ("landline",)),
        # identity card
        (f"身份证{IDENTITY}", f"身份证{stars(18)}", ("id_card",)),
        (IDENTITY.lower(), stars(18), ("id_card",)),
        ("110105 19491231 002X", stars(20), ("id_card",)),
        ("110105194912310021", stars(18), ("id_card",)),  # a slip in the last digit
        ("110105491231002", stars(15), ("id_card",)),
        ("一一零一零五一九四九一二三一零零二X", stars(18), ("id_card",)),
        ("身份证号码 123456789012345678", f"身份证号码 {stars(18)}", ("id_card",)),
        # bank card
        (CARD, stars(16), ("bank_card",)),
        ("4111 1111 1111 1111", stars(19), ("bank_card",)),
        ("4111-1111-1111-1111", stars(19), ("bank_card",)),
        ("银行卡号1234567890123", f"银行卡号{stars(13)}", ("bank_card",)),
        # plate
        ("湘A12345停在路口", f"湘A{stars(5)}停在路口", ("plate",)),
        ("京AD12345", f"京A{stars(6)}", ("plate",)),
        ("粤B·1234学", f"粤B·{stars(5)}", ("plate",)),
        ("苏a8d9f0车主", f"苏a{stars(5)}车主", ("plate",)),
        ("滬Ａ１２３４５", f"滬Ａ{stars(5)}", ("plate",)),
        # e-mail
        ("发到 zhang.san+1@mail.example.com。", f"发到 {stars(28)}。", ("email",)),
        ("ａ＠example．com", stars(13), ("email",)),
        # accounts
        ("微信号: zhang_san88", f"微信号: {stars(11)}", ("account",)),
        ("加我VX lisi-2020", f"加我VX {stars(9)}", ("account",)),
        ("QQ是123456789", f"QQ是{stars(9)}", ("account",)),
        ("扣扣 2233445", f"扣扣 {stars(7)}", ("account",)),
        # doors: the building and the entrance stay
        ("阳光小区3栋2单元1501室", "阳光小区3栋2单元****室", ("door",)),
        ("阳光小区3栋1501", "阳光小区3栋****", ("door",)),
        ("三栋一五零一室", "三栋****室", ("door",)),
        ("12号楼B1203", "12号楼*****", ("door",)),
        ("A座1202-1203漏水", "A座*********漏水", ("door",)),
        ("6楼602住户", "6楼***住户", ("door",)),
        ("5栋15楼3号", "5栋15楼*号", ("door",)),
        ("建设路12号502", "建设路12号***", ("door",)),
        ("建设路12号502室", "建设路12号***室", ("door",)),
        ("阳光小区3-2-501", "阳光小区3-2-***", ("door",)),
        ("阳光小区A3-501", "阳光小区A3-***", ("door",)),
        ("3#1501", "3#****", ("door",)),
        ("租了301房", "租了***房", ("door",)),
        # names
        ("我叫王小明，", "我叫王**，", ("name",)),
        ("我叫王明住在城南", "我叫王*住在城南", ("name",)),
        ("我叫欧阳小明", "我叫欧阳**", ("name",)),
        ("姓名：張三", "姓名：張*", ("name",)),
        ("联系人 李四光 电话不通", "联系人 李** 电话不通", ("name",)),
        ("本人张三丰，", "本人张**，", ("name",)),
        ("投诉人：赵六", "投诉人：赵*", ("name",)),
        ("他叫孙七", "他叫孙*", ("name",)),
        ("姓名：𠮷一", "姓名：𠮷一", ()),  # no known surname
        ("我叫王𠮷祥，", "我叫王**，", ("name",)),
        # several at once
        (
            f"我叫王小明，电话{MOBILE}，住3栋1501室",
            f"我叫王**，电话{stars(11)}，住3栋****室",
            ("mobile", "door", "name"),
        ),
    ],
)
def test_personal_data_is_covered(text, shown, kinds):
    assert mask(text) == shown
    assert has_personal(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "你好",
        "建设路12号",
        "建设路12号门口路灯坏了三天",
        "人民路一百零八号",
        "城南街道3栋旁",
        "3栋2单元楼道灯",
        "编号26-1123-0042",
        "２６－１１２３－００４２",
        "2611230042号",
        "261123000042",
        "CX 1024",
        "2026-11-23 到 2026-12-01",
        "2026年11月23日",
        "20261123",
        "电话 20261123",
        "11.23",
        "12:30-17:00",
        "花了1500元",
        "共12,800.50元",
        "押金200000",
        "面积1234567平方米",
        "电话费1000000元",
        "请打12345",
        "110和119、120、122都打了",
        "一一零",
        "95598客服",
        "10086",
        "400-123-4567",
        "4001234567",
        "打12388",
        "5栋300多户居民",
        "3单元2026年装的灯",
        "5号楼1200人",
        "10楼15米高",
        "6栋120平",
        "7座20000元",
        "三室一厅",
        "会议室",
        "201号院",
        "房贷300房贷",
        "第3楼2号电梯",
        "1栋3号门",
        "12号线",
        "1路公交12号15点",
        "1栋室外",
        "3000房产证",
        "名单 1 3 5 7 9 11 13 15",
        "15-20-30-40-50",
        "G1234次列车",
        "贵阳",
        "新A区",
        "A1234",
        "K12345",
        "@大家 看看",
        "微信公众号",
        "微信群里说",
        "QQ群里说",
        "微信12345",
        "王女士反映",
        "联系人：王女士",
        "姓名：李先生",
        "本人于今年三月",
        "本人高中毕业",
        "本人常住城南",
        "本人车被刮",
        "本人曾多次反映",
        "联系人方便接听",
        "联系人电话",
        "我叫不到车",
        "我叫车半小时",
        "他叫我来的",
        "姓名不详",
        "户主方面说",
        "13800",
        "123456789012",
        "订单202611231234567890",
        "320106202611230012",
    ],
)
def test_what_officers_need_stays_readable(text):
    assert mask(text) == text
    assert has_personal(text) == ()


def test_the_case_number_shaped_like_an_identity_card_is_told_by_its_date_and_check_digit():
    # area + date + counter, as districts number their papers; a child's card has the right check digit
    assert has_personal("430111202001150015") == ()
    assert has_personal("43011120200115001X") == ("id_card",)


def test_luhn_agrees_with_the_published_examples():
    assert luhn("79927398713")
    assert not luhn("79927398710")


def test_kinds_come_in_their_order():
    text = f"我叫王小明 3栋1501室 微信号abcdef1 a@b.cn 湘A12345 {CARD} {IDENTITY} 0731-88880000 {MOBILE}"
    assert has_personal(text) == KINDS


PIECES = st.sampled_from(
    [
        MOBILE,
        "199 0000 1234",
        IDENTITY,
        CARD,
        "0731-88880000",
        "湘A12345",
        "a@b.cn",
        "微信号abcdef1",
        "3栋2单元1501室",
        "我叫王小明",
        "联系人：欧阳",
        "姓名",
        "电话",
        "身份证",
        "卡号",
        "QQ",
        "栋",
        "室",
        "号",
        "路12号",
        "一",
        "十",
        "零",
        "1",
        "86",
        "+",
        "-",
        " ",
        "，",
        "*",
        "\n",
        "小区3-2-501",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=80))
def test_masking_changes_nothing_but_what_it_found_and_leaves_nothing(text):
    shown = mask(text)
    assert len(shown) == len(text)
    assert [a for a, b in zip(text, shown, strict=True) if b not in {"*", a}] == []
    assert bool(has_personal(text)) == (shown != text) or "*" in text
    assert all(text[end - 1 : end] != "" and start < end for start, end, _ in find(text))


@given(
    st.lists(st.sampled_from(["路灯坏了", "，", "建设路12号", "王女士", " ", "三天", "阳光小区3栋"]), max_size=8).map(
        "".join
    ),
    st.sampled_from([MOBILE, "１９９００００１２３４", "199 0000 1234", IDENTITY, "0731-88880000", "湘A12345"]),
)
def test_a_number_is_covered_wherever_it_stands(around, number):
    assert number not in mask(f"{around}，{number}，{around}")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "一",
        "a",
        "@",
        "a@",
        "a.",
        "我叫",
        "我叫王",
        "栋1",
        "栋123-",
        "微信",
        "微信号 : ",
        "本人 :",
        "湘A1",
        "1-",
        "路1号",
        "区1-1-",
        "199 0000 1234 ",
        "联系人 : ",
        "0",
        "138",
        "(",
        "1(2)",
        "3室",
        " ",
        "\u200b",
        "京",
        "QQ1",
        "身份证1",
        "1楼2号",
    ],
)
def test_no_text_makes_it_crawl(piece):
    with ends():
        mask((piece * LONG)[:LONG])
