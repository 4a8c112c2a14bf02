"""Flags: what raises one, and what only sounds like it. All examples are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.routing.flags import NAMES, Flags, flags
from tests.kit.patience import LONG, ends

DIRECTORY = Directory(
    units=(
        UnitRow("CG", "区城市管理局", Tier.DISTRICT, ("城管局",)),
        UnitRow("SW", "区水务局", Tier.DISTRICT, ("水务局",)),
        UnitRow("CN", "城南街道办事处", Tier.SUBDISTRICT, ("城南街道",)),
        UnitRow("CN1", "东湖社区", Tier.COMMUNITY, ("东湖居委会",), parent_code="CN"),
        UnitRow("CN2", "西桥社区", Tier.COMMUNITY, (), parent_code="CN"),
        UnitRow("ZB", "值班室", Tier.DISTRICT),
    ),
    officers=(
        OfficerRow("钱大同", "CG", Role.HEAD, "+8619900000001"),
        OfficerRow("孙小满", "SW", Role.HEAD, "+8619900000002"),
        OfficerRow("孙立夏", "CN", Role.HEAD, "+8619900000003"),
        OfficerRow("李谷雨", "SW", Role.OFFICER, "+8619900000004"),
        OfficerRow("周值班", "ZB", Role.DUTY, "+8619900000005"),
    ),
)


@pytest.mark.parametrize(
    "text",
    [
        "机密★10年",
        "秘密★ 关于防洪的方案如下",
        "绝密☆",
        "【绝密】附图如下",
        "（机密）某某会议纪要",
        "[秘密] 请看附件",
        "密级：机密",
        "密级为秘密",
        "我捡到一份机密文件",
        "我拍到了绝密文件的照片",
        "机密级文件一份",
        "这是军事机密，基地在山后",
        "我这里有国家秘密要交给你们",
        "内部文件，不得外传",
        "内部资料 严禁外传",
        "内部材料，请勿扩散：",
        "内部文件 注意保密",
        "这份涉密文件怎么处理",
        "絕密★",
        "机 密 ★ 内部 机密★",
        "网上有人发了涉密图纸",
    ],
)
def test_a_secret_is_known_by_its_stamp_or_its_word(text):
    assert "secret" in flags(text).names


@pytest.mark.parametrize(
    "text",
    [
        "请为我保密",
        "希望对我的信息保密",
        "这不是秘密",
        "公开的秘密，大家都知道",
        "孩子的小秘密",
        "商业秘密",
        "除涉及国家秘密、商业秘密、个人隐私外应当公开",
        "又不是国家机密，为什么不公开",
        "搞得像国家机密一样",
        "难道是机密吗",
        "不涉及国家机密",
        "以国家秘密为由不公开",
        "秘密排放污水",
        "半夜秘密施工",
        "绝密配方的小吃店占道",
        "公司机密",
        "什么机密不能说",
        "保密局旁边的路灯坏了",
        "请勿提交涉密信息",
        "内部文件没有公示",
        "内部资料在哪里查",
        "泄露国家秘密罪怎么判",
        "凡是国家秘密都要保护吗",
        "如涉及国家秘密请删除",
        "机密吗",
        "路灯坏了",
        "食堂菜单难道是机密",
        "这又不是国家机密",
        "没有涉及国家秘密的工程",
    ],
)
def test_ordinary_speech_is_no_secret(text):
    assert "secret" not in flags(text).names


@pytest.mark.parametrize(
    "text",
    [
        "张局长收受红包",
        "我要举报李伟局长受贿五万元",
        "局长王建国贪污公款",
        "我们村支书贪污低保款",
        "村主任侵吞集体土地款",
        "村书记和会计套取补贴资金",
        "城管局局长吃回扣",
        "派出所所长包庇打人的人",
        "城管队长索要好处费",
        "该校校长收了家长的红包",
        "民警赵某收了对方红包",
        "工作人员刘丽向我索要红包",
        "街道办的王某收红包才给办",
        "水务局李明收了施工队好处费",
        "姓周的主任敲诈商户",
        "欧阳主任挪用维修基金",
        "镇长滥用职权强拆",
        "书记陈某打击报复我",
        "副局长张三受贿",
        "原局长吴某渎职",
        "张XX书记以权谋私",
        "科长徐强让我送礼，拿了购物卡",
        "社区干部优亲厚友，低保都给亲戚",
        "村長貪污",
        "所长！贪污！所长贪污救灾款",
        "本局的局长官商勾结",
        "法官孙某徇私枉法",
        "镇领导截留补助款",
        "尊敬的领导：您好。我们村的村长私分征地款",
        "打击腐败是好事，可是我们村支书照样贪污",
    ],
)
def test_an_official_accused_is_flagged(text):
    assert "accusation" in flags(text).names


@pytest.mark.parametrize(
    "text",
    [
        # a service complaint without a person
        "城管局不作为",
        "教育局包庇学校违规补课",
        "物业公司贪污维修基金",
        "水务局态度差，没人管",
        "社区推诿，打了三次电话没用",
        "交警乱罚款",
        "班主任收了家长的红包",
        "物业经理吃回扣",
        # a person without a wrong
        "王主任不接电话",
        "请找李局长看看路灯",
        "村支书让我来问",
        "张科长态度很好，谢谢",
        "所长说下周修",
        "校长不同意转学",
        # addressed, not accused
        "尊敬的张书记：您好！小区有人贪污维修基金",
        "请李局长严查贪污",
        "恳请王书记查处包庇黑作坊的行为",
        "希望胡市长打击腐败",
        # a campaign, a fear, a denial
        "打击贪污腐败的宣传栏坏了",
        "局长没有受贿，大家放心",
        "反腐败斗争",
        "村长清廉，从不贪污",
        "怕打击报复，王主任请保密",
        # far apart
        "找了陈主任。我怀疑物业公司贪污",
        "路灯坏了",
        "",
    ],
)
def test_a_complaint_about_service_is_no_accusation(text):
    assert "accusation" not in flags(text).names


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        ("城管局局长收红包", ("CG",)),
        ("区水务局的办事员刘丽向我索要红包", ("SW",)),
        ("水务局管水，我知道。但城管局队长包庇摊贩。水务局很好，这一点我在去年已经反映过多次了", ("CG",)),
        ("我要反映城管局的问题。他们的队长收受商户红包已经很久了，希望查一查这件事情的前因后果", ("CG",)),
        ("钱大同贪污", ("CG",)),
        ("钱局长受贿", ("CG",)),  # the only head of that name
        ("孙局长受贿", ()),  # there are two
        ("孙小满受贿", ("SW",)),
        ("城南街道书记以权谋私", ("CN", "CN1", "CN2")),  # its communities answer to it
        ("东湖社区书记以权谋私", ("CN1",)),
        ("我们村支书贪污", ()),
        ("城管局不作为", ()),
        ("李谷雨收了购物卡", ("SW",)),
    ],
)
def test_the_units_of_the_accused_are_named(text, accused):
    assert flags(text, directory=DIRECTORY).accused == accused


def test_somebody_of_the_directory_is_an_official_by_name_alone():
    assert "accusation" not in flags("李谷雨收了购物卡").names
    assert "accusation" in flags("李谷雨收了购物卡", directory=DIRECTORY).names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("三楼着火了", ("emergency",)),
        ("我不想活了", ("self_harm",)),
        ("再不管我就跳楼，楼里煤气泄漏", ("self_harm", "emergency")),
        ("我的电话19900001234", ("personal",)),
        ("路灯坏了三天", ()),
        ("机密★ 张局长受贿，电话19900001234，我不想活了，现在着火了", NAMES),
    ],
)
def test_flags_come_in_their_order(text, names):
    assert flags(text).names == names


def test_nothing_said_raises_nothing():
    assert flags("", directory=DIRECTORY) == Flags()


@given(
    st.lists(
        st.sampled_from(
            ["局长", "张", "收红包", "贪污", "，", "。", "请", "城管局", "机密", "★", "不是", "村支书", "x", " "]
        ),
        max_size=20,
    ).map("".join)
)
def test_units_are_accused_only_with_an_accusation(text):
    found = flags(text, directory=DIRECTORY)
    assert not found.accused or "accusation" in found.names


@pytest.mark.heavy
@pytest.mark.parametrize(
    "piece",
    [
        "贪污",
        "张局长",
        "张局长贪污",
        "机密",
        "收了",
        "城管局",
        "请",
        "内部文件",
        "工作人员",
        "张",
        "收",
        "[",
        "姓张的",
        "截留",
        "孙",
        "机密 ",
    ],
)
def test_no_text_makes_it_crawl(piece):
    with ends():
        flags((piece * LONG)[:LONG], directory=DIRECTORY)
