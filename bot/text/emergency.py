"""Danger to life in a message: what kind, so that the right call is named at once.

A table of patterns per kind, matched in normal form, and guards for the phrases that only sound like
it: a blocked fire lane, a gas bill, a "jump-off-the-roof sale". A missed call costs more than a
needless one, so a guard speaks only for the words right beside it. The answers are the texts
``emergency.<kind>``; the matter is opened all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.text.reading import normalise

if TYPE_CHECKING:
    from bot.text.keys import TextKey

ANSWERS: dict[str, TextKey] = {
    "suicide": "emergency.suicide",
    "fire": "emergency.fire",
    "gas": "emergency.gas",
    "medical": "emergency.medical",
    "police": "emergency.police",
    "trapped": "emergency.trapped",
    "water": "emergency.water",
    "traffic": "emergency.traffic",
}
"""The text that names the right call for a kind of danger."""
KINDS = tuple(ANSWERS)
EMERGENCY_KEYS = tuple(ANSWERS.values())


class _Danger(NamedTuple):
    """``words`` mean danger unless ``before`` or ``after`` stands beside them in the same clause."""

    words: re.Pattern[str]
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None


def _danger(words: str, before: str = "", after: str = "") -> _Danger:
    return _Danger(
        re.compile(words),
        re.compile(f"(?:{before})$") if before else None,
        re.compile(after) if after else None,
    )


# A call for help is short. In a letter the same words mostly tell the past ("the fire of 2019"), so
# there they must stand beside a word of the present. Of 10,600 letters to local governments one in
# 200 still raises an alarm, instead of one in 35. A threat to one's own life counts anywhere.
SHORT = 80
_NOW = re.compile(r"现在|正在|正(?=着|冒|烧)|刚刚|刚才|快来|快派|赶快|赶紧|此刻|马上|速来|快救|救救|急急|来不及")
_NEAR = 24

# It has not happened: denied, feared, prevented, supposed, long ago. Up to six characters may stand
# between the word and the danger, never the end of a clause.
_NOT_SO = (
    r"(?:没有|没|未|并未|从未|不会|不易|防|防止|预防|避免|杜绝|以防|谨防|严防|提防)(?:发生|出现|再|人|有|了|过){0,2}"
    r"|(?:容易|极易|很易|易|担心|害怕|生怕|(?<!可)怕|恐怕|万一|一旦|如果|要是|假如|假设|若|倘若|可能|也许|存在|引发|引起|导致|造成|诱发|"
    r"酿成|曾经|曾|去年|前年|前几年|几年前|以前|往年|上次|经常|多次|频繁|频发|屡次|几次|差点|险些|发生过|出现过|有过|类似|像|好像|如同|简直|等于)"
    r"[^,。!?;、\s]{0,6}"
)
_IDEA = (
    r"^(?:隐患|风险|危险|报警|预警|警报|演练|演习|宣传|讲座|培训|预防|案例|保险|险|原因|责任|点(?!了)|器|逃生|防控|事故率|多发|频发|高发|知识|"
    r"的(?:隐患|风险|危险|可能|原因)|的话|事故|事件|之后|过后|后才)"
)
_GAS = "燃气|煤气|天然气|液化气|瓦斯|沼气"

_DANGERS: dict[str, _Danger] = {
    "suicide": _danger(
        r"自杀|自尽|自焚|轻生|跳楼|跳河|跳江|跳桥|跳湖|不想活|活不下去|活够了|想死|寻死|去死|死给|死在你们|割腕|割脉|上吊|喝农药|服毒|喝药自|"
        r"了结(?:自己|生命|此生)|结束(?:自己的?)?生命|写好?了?遗书|留了?遗书|kill myself|suicide",
        before=r"防|预防|防止|(?:生意|店铺?|企业|公司|厂子?|商户|商家|花|树|草|鱼|庄稼)[^,。!?;]{0,6}|叫我|让我|气得|吓得|笑得|累得",
        after=r"^(?:价|甩卖|大甩卖|清仓|促销|机|式|性|干预|热线|预防|率|你|妳|她|他|它|的心都有|吧)",
    ),
    "fire": _danger(
        r"[着著]火|起火|失火|火灾|火警|大火(?!灾)|冒浓烟|(?<!烟囱)(?<!一会)冒黑烟|冒着烟|烧起来|烧着了|正在燃烧"
        r"|爆炸了|发生爆炸|on fire|\bfire!",
        before=_NOT_SO,
        after=_IDEA,
    ),
    "gas": _danger(
        rf"(?:{_GAS})[^,。!?;费表]{{0,6}}(?:泄漏|泄露|漏气|在漏|漏了|外泄|味道?很|味(?:好|特别|太)|中毒|爆炸)|(?:{_GAS})的?(?:臭)?味"
        rf"|一氧化碳中毒|(?:泄漏|泄露)[^,。!?;]{{0,3}}(?:{_GAS})|gas leak",
        before=_NOT_SO,
        after=_IDEA + r"|^(?:检测|探测|保护|自动|感应|切断)",
    ),
    "medical": _danger(
        r"晕倒|昏倒|昏迷|昏过去|休克|心脏病发作?|心梗|脑梗发作|中风了|没有?呼吸(?!机|道|科)|没了呼吸|停止呼吸|大出血|血流不止|吐血|触电了|被电(?:到|倒|击)|"
        r"食物中毒|中毒了|(?:人|老人|孩子|病人|老公|老婆|爸|妈)[^,。!?;]{0,4}(?:快不行了|不行了|要生了)|窒息了"
        r"|噎住|heart attack",
        before=_NOT_SO,
        after=_IDEA + r"|^(?:感|过后|症|病史|患者)",
    ),
    "police": _danger(
        r"救命|持刀|拿着?刀|砍人|砍伤|捅伤|捅人|杀人|要杀|抢劫|绑架|劫持|行凶|强奸|(?<!我)家暴|(?<!进)入室|打起来了|正在打架|正在打人|在打群架|群殴|(?<!打架)斗殴|"
        r"炸弹|炸药|要炸|(?<![左右])拐走|人贩子|跟踪我|非法拘禁|help me",
        before=_NOT_SO + r"|(?:跟|和|变相|等同|比)|救死扶伤|反|打击|严打|定时|道德|捆绑|企图|头都?快?|上诉",
        after=_IDEA + r"|^(?:钱|药|路|粮|保命|消防|稻草|恩人|之恩|设备|通道|诛心|游戏|盗窃|抢夺案|鸡|猪|酱肉|鱼|过)",
    ),
    "trapped": _danger(
        r"(?:被困|困在|关在)[^,。!?;]{0,6}(?:电梯|轿厢|楼|屋|家里|车里|水里|山)|(?:电梯|轿厢)(?![^,。!?;]{0,4}(?:经常|常|总|老是|多次|频繁))[^,。!?;]{0,6}(?:困人|被困|困住|关了?人|关住)|"
        r"有?人被(?:困|埋|压住)|(?:楼|房子?|墙|路面?|桥|脚手架|棚)[^,。!?;]{0,4}(?:垮了|塌了|坍塌|垮塌|塌陷|塌方)",
        before=_NOT_SO,
        after=_IDEA,
    ),
    "water": _danger(
        r"溺水|落水(?!管|口|洞|斗|井)|掉(?:进|到|入)[^,。!?;]{0,4}(?:河|江|湖|水|井|池塘)|洪水|山洪|泥石流|"
        r"(?:水|积水)[^,。!?;]{0,4}(?:淹到|淹过|没过)(?:胸|脖|腰|车顶|人)",
        before=_NOT_SO,
        after=_IDEA + r"|^(?:管|沟|位|冲毁|冲断|冲垮|淹成|灾害|期)",
    ),
    "traffic": _danger(
        r"(?:发生|出)了?(?:严重)?(?:车祸|交通事故)|车祸了|撞(?:到|倒|了|伤|死)(?:了|个|一个)?(?:人|老人|孩子|小孩|行人|学生)|撞人了|"
        r"(?:人|老人|孩子|小孩|学生|行人)被[^,。!?;]{0,4}(?:撞了|撞倒|撞飞|撞伤|轧)|翻车了|车祸[^,。!?;]{0,6}(?:受伤|流血|有人)",
        before=_NOT_SO + r"|总|老是|常常|每年|每天都|已经|年年|会",
        after=_IDEA + r"|^(?:过|好几|多起|后|怎么处理|的处理|赔偿|认定|责任)",
    ),
}


def emergency(text: str) -> tuple[str, ...]:
    """Kinds of danger the text speaks of, the most pressing first; empty for an ordinary matter."""
    plain = normalise(text)
    anywhere = len(plain) <= SHORT
    return tuple(kind for kind in KINDS if _speaks_of(_DANGERS[kind], plain, anywhere=anywhere or kind == "suicide"))


def _speaks_of(danger: _Danger, plain: str, *, anywhere: bool) -> bool:
    """Whether at least one mention of the danger has no guard beside it."""
    return any(
        (anywhere or _NOW.search(plain, max(0, found.start() - _NEAR), found.end() + _NEAR))
        and not _guarded(danger, plain[max(0, found.start() - 16) : found.start()], plain[found.end() :][:8])
        for found in danger.words.finditer(plain)
    )


def _guarded(danger: _Danger, before: str, after: str) -> bool:
    denied = danger.before is not None and danger.before.search(before) is not None
    return denied or (danger.after is not None and danger.after.search(after) is not None)
