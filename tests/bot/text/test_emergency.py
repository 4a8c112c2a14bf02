"""Words of danger and words that only sound like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.emergency import EMERGENCY_KEYS, KINDS, emergency
from tests.kit.patience import LONG, ends


@pytest.mark.parametrize(("text", "kinds"), [
    ("着火了！快来人", ("fire",)),
    ("著火了", ("fire",)),
    ("不好了，三楼着火了", ("fire",)),
    ("好可怕着火了", ("fire",)),
    ("隔壁起火，冒浓烟", ("fire",)),
    ("小区地下室失火", ("fire",)),
    ("楼下电动车烧起来了", ("fire",)),
    ("發生火災了", ("fire",)),
    ("消防通道被占，现在楼上着火了消防车进不来", ("fire",)),
    ("去年着火没人管，今天又着火了", ("fire",)),
    ("工厂发生爆炸", ("fire",)),
    ("家里煤气泄漏", ("gas",)),
    ("煤氣洩漏了怎麼辦", ("gas",)),
    ("楼道里有很重的天然气味", ("gas",)),
    ("闻到煤气味", ("gas",)),
    ("燃气管道被挖断在漏", ("gas",)),
    ("有人煤气中毒", ("gas",)),
    ("天然气泄漏爆炸着火", ("fire", "gas")),
    ("我不想活了", ("suicide",)),
    ("再不解决我就跳楼", ("suicide",)),
    ("如果不给说法我就去死", ("suicide",)),
    ("有人要跳樓", ("suicide",)),
    ("我想自杀", ("suicide",)),
    ("活不下去了", ("suicide",)),
    ("我已经写好遗书", ("suicide",)),
    ("桥上有人轻生", ("suicide",)),
    ("老人在公交站晕倒了", ("medical",)),
    ("他没有呼吸了", ("medical",)),
    ("我妈快不行了", ("medical",)),
    ("有人触电了", ("medical",)),
    ("学校很多孩子食物中毒", ("medical",)),
    ("救命", ("police",)),
    ("有人持刀砍人", ("police",)),
    ("楼下打起来了", ("police",)),
    ("我被家暴", ("police",)),
    ("再不管我要炸了你们", ("police",)),
    ("我被困在电梯里", ("trapped",)),
    ("3栋电梯困人", ("trapped",)),
    ("房子塌了有人被埋", ("trapped",)),
    ("有小孩掉进河里", ("water",)),
    ("东湖有人溺水", ("water",)),
    ("山洪下来了", ("water",)),
    ("路口发生车祸，有人受伤", ("traffic",)),
    ("公交车撞了人", ("traffic",)),
    ("有个老人被车撞倒", ("traffic",)),
    ("救\u200b命", ("police",)),
    ("救命啊，着火了", ("fire", "police")),
    ("您好，我是阳光小区的业主。" * 8 + "刚才楼上着火了，消防车进不来", ("fire",)),
    ("您好，我是阳光小区的业主。" * 8 + "我不想活了", ("suicide",)),
])  # fmt: skip
def test_danger_is_recognised(text, kinds):
    assert emergency(text) == kinds


@pytest.mark.parametrize("text", [
    "消防通道被占",
    "小区没有消防设施，存在火灾隐患",
    "电动车飞线充电容易引发火灾",
    "担心着火",
    "万一着火怎么跑",
    "如果起火消防车进不来",
    "一旦发生火灾后果严重",
    "没有着火，只是有人烧纸",
    "去年发生过火灾",
    "火灾报警器坏了",
    "请组织火灾演练",
    "小区防火门坏了",
    "家里急得着急上火",
    "火锅店油烟扰民",
    "烧烤摊冒烟扰民",
    "生意红火，停车难",
    "燃气费太贵",
    "煤气表坏了",
    "什么时候通天然气",
    "燃气泄漏报警器多少钱",
    "担心燃气泄漏",
    "燃气公司上门收费",
    "轮胎漏气修理铺占道",
    "水管漏水",
    "气死了，没人管",
    "气死我了",
    "笑死人",
    "热死了，空调不开",
    "累死了",
    "商场跳楼价促销噪音大",
    "跳楼大甩卖喇叭扰民",
    "游乐园跳楼机安全吗",
    "自杀式的管理方法",
    "想死你了",
    "生意活不下去了，求减租",
    "门口的树活不下去了",
    "预防自杀热线是多少",
    "救命钱什么时候发",
    "救命药医保能报吗",
    "停车费跟抢劫一样",
    "这收费简直是抢劫",
    "防溺水警示牌倒了",
    "落水管坏了漏水",
    "河边没有护栏，容易落水",
    "这个路口经常发生车祸",
    "请在路口装红绿灯，多次发生交通事故",
    "交通事故赔偿怎么办",
    "电线老化有触电危险",
    "有触电风险",
    "电梯经常困人",
    "下水道塌陷隐患没人管",
    "怕电梯困人",
    "噪音让人窒息",
    "杀人诛心",
    "急救站什么时候建",
    "打架子鼓扰民",
    "路灯坏了三个月",
    "您好，我是阳光小区的业主。" * 8 + "2019年小区起火烧毁两辆车，至今没有说法",
    "小区门口的煤气站像一颗定时炸弹",
    "工厂烟囱冒黑烟",
    "噪音吵得头都要炸了",
    "请给我们留一条救命路",
    "污水进入室内",
    "医院没有呼吸机",
    "洪水冲断的桥什么时候修",
    "那次火灾事故至今没有结论",
    "请严打入室盗窃",
    "",
])  # fmt: skip
def test_what_only_sounds_like_danger_is_an_ordinary_matter(text):
    assert emergency(text) == ()


def test_every_kind_names_its_text():
    assert tuple(f"emergency.{kind}" for kind in KINDS) == EMERGENCY_KEYS


@given(st.text())
def test_any_text_is_read_without_error(text):
    assert set(emergency(text)) <= set(KINDS)


@pytest.mark.heavy
@pytest.mark.parametrize("piece", ["着火隐患", "燃气", "容易", "电梯", "撞了", "没有发生"])
def test_no_text_makes_it_crawl(piece):
    with ends():
        emergency(piece * (LONG // len(piece)))
