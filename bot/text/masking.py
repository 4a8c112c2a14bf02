"""Covers personal data in a text with stars: numbers, cards, plates, addresses, doors, names.

Used for the copies that units and notices show (``handlers/notices/privacy.py``). What an officer needs to act
stays: the road with its number, the estate, the building, the entrance, by which a dark stairwell is found. Only
the door goes, since it says who lives there. Full-width, spaced and Chinese digits are recognised; the cost is
linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bot.text.number_runs import numbers
from bot.text.surnames import COMPOUND, SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = ("mobile", "landline", "id_card", "bank_card", "plate", "email", "account", "door", "name")
STAR = "*"

_NUMERALS = dict(zip("〇○零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789", strict=True))


class Span(NamedTuple):
    """A part of a text to cover: ``text[start:end]``."""

    start: int
    end: int
    kind: str


@lru_cache(maxsize=128)  # one text goes to several officers at once
def mask(text: str) -> str:
    """The text with personal data covered and everything else as written."""
    parts, reached = [], 0
    for span in find(text):
        parts += [text[reached : span.start], STAR * (span.end - span.start)]
        reached = span.end
    return "".join([*parts, text[reached:]])


def has_personal(text: str) -> tuple[str, ...]:
    """The kinds of personal data in ``text``, in the order of ``KINDS``."""
    found = {span.kind for span in find(text)}
    return tuple(kind for kind in KINDS if kind in found)


def find(text: str) -> list[Span]:
    """What ``mask`` covers, in order and without overlap."""
    wide = text.translate(_PLAIN)
    digits = wide.translate(_NUMERAL_CODES)
    # The text is read twice, with and without Chinese digits: in 其一13900000000 the numeral is no part of the
    # number, in 13九00000000 it is.
    found = [Span(*number) for plain in {wide, digits} for number in numbers(plain)]
    for search in (_emails, _plates, _accounts, _names):
        found += search(wide)
    found += _doors(digits)
    return list(_apart(sorted(found, key=lambda span: (span.start, -span.end))))


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    reached = 0
    for span in spans:
        if span.end > reached:
            yield Span(max(span.start, reached), span.end, span.kind)
            reached = span.end


class _Plain(dict[int, str]):
    """A translation table that replaces each character by one, so that places stay: half-width forms, digits of
    any script, gaps as a space. It is filled as characters are met, because ``str.translate`` asks for each.
    """

    def __missing__(self, code: int) -> str:
        self[code] = _plain(chr(code))
        return self[code]


def _plain(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    folded = unicodedata.normalize("NFKC", char)
    if len(folded) != 1:
        return char
    category = unicodedata.category(folded)
    if category == "Pd" or folded == "−":
        return "-"
    if folded == "\n":
        return folded
    return " " if category in {"Zs", "Cf", "Cc"} else folded


_PLAIN = _Plain()
_NUMERAL_CODES = {ord(char): digit for char, digit in _NUMERALS.items()}

_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")


def _emails(wide: str) -> Iterator[Span]:
    """E-mail addresses, found from each @ outward: a pattern that begins with the name would take quadratic time
    on a long word.
    """
    at = wide.find("@")
    while at >= 0:
        name = wide[max(0, at - 64) : at]
        length = len(name) - len(name.rstrip(_LOCAL))
        domain = _DOMAIN.match(wide, at + 1)
        if length and domain:
            yield Span(at - length, domain.end(), "email")
        at = wide.find("@", at + 1)


_PLATE = re.compile(
    r"[京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊使][A-Za-z][ ·.\-]?"
    r"([A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂掛学學警港澳])(?![A-Za-z0-9])"
)


def _plates(wide: str) -> Iterator[Span]:
    """The part of a number plate behind the province and its letter, which stay."""
    for found in _PLATE.finditer(wide):
        if sum(char.isdigit() for char in found[1]) >= 2:
            yield Span(*found.span(1), "plate")


_ACCOUNT = re.compile(
    r"(?:微信|薇信|威信|weixin|wechat|(?<![a-z])(?:wx|vx|v信|qq)|扣扣|企鹅)(?:群|号码|号|號碼|號|id|账号|帐号)?"
    r"[ :]{0,2}(?:是|为|為|同号|加我|加)?[ :]{0,2}([a-z][a-z0-9_-]{5,19}|[1-9][0-9]{5,11})(?![a-z0-9_-])",
    re.IGNORECASE,
)


def _accounts(wide: str) -> Iterator[Span]:
    """WeChat and QQ ids, only where the text announces them as such. Five digits are a service line and not an id."""
    for found in _ACCOUNT.finditer(wide):
        yield Span(*found.span(1), "account")


_ROOM = r"([A-Za-z]?[0-9]{3,5}(?:[-~、][0-9]{3,5}){0,3})"
# Not a door: "5栋300多户", "3单元2026年".
_NO_COUNT = (
    r"(?![0-9]|\.[0-9]|-[0-9]"
    r"|[余餘多户戶人元块塊米平㎡亩畝年月日天时時点點分秒次个個家只条條辆輛台套厘公千万萬亿億%度层層楼樓栋幢棟单單路])"
)
_BUILDING = r"(?:[栋幢座棟#]|单元|單元|号楼|號樓|[0-9][楼层樓層])"
_NO_THING = r"(?![楼樓院门門井车車机機线線岗库庫厅廳柜櫃桩樁充铺舖]|电梯|電梯|商铺|地铁|配电)"
_DOORS = (
    # 3栋1501, 2单元-302, 4楼402
    re.compile(rf"{_BUILDING}[ \-,]{{0,2}}{_ROOM}{_NO_COUNT}"),
    # 1501室, 201房
    re.compile(
        r"(?<![A-Za-z0-9.])([A-Za-z]?[0-9]{3,5})(?=室(?![内內外温溫])|房(?![贷貸产產价價租屋子企东東管地源款改]))"
    ),
    # 3栋5号, 15楼3号
    re.compile(rf"{_BUILDING} ?([0-9]{{1,4}})(?=[号號]{_NO_THING})"),
    # 建设路12号502
    re.compile(rf"[路街巷道弄里][0-9]{{1,4}}[号號][ \-]?{_ROOM}{_NO_COUNT}"),
    # 阳光小区3-2-501, 阳光小区A3-501
    re.compile(
        rf"[区區苑园園城府里村庄莊院寓家邸湾灣居庭] "
        rf"?[A-Za-z]?[0-9]{{1,3}}[栋幢#]?-(?:[0-9]{{1,2}}-)?([0-9]{{3,4}}){_NO_COUNT}"
    ),
)


def _doors(digits: str) -> Iterator[Span]:
    for pattern in _DOORS:
        for found in pattern.finditer(digits):
            yield Span(*found.span(1), "door")


_TWO = "|".join(sorted(COMPOUND))
_SURNAME = rf"(?:{_TWO}|(?!{_TWO})[{SINGLE}])"
_GIVEN = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f·]"
# What may follow a name; else 联系人方便接听 would be a Mr Fang.
_ENDS = (
    r"(?=$|[^\u3400-\u9fff\U00020000-\U0003134f]|今年|现在|先生|女士|电话|電話|手机|手機|身份|联系|来自|一家"
    r"|[住家男女系是在有想要于於现現和与與的因向从從我你请請])"
)
_NAMES = (
    # These words announce a name for certain. Where nothing marks its end, three characters are taken.
    re.compile(rf"(?:我叫|我名叫|姓名)[ :是为為]{{0,3}}{_SURNAME}({_GIVEN}{{1,2}}?{_ENDS}|{_GIVEN}{{1,2}})"),
    re.compile(rf"(?:[联聯][系繫络絡]人|[他她]叫|签名|簽名|署名|本人)[ :是]{{0,3}}{_SURNAME}({_GIVEN}{{1,2}}?){_ENDS}"),
    re.compile(
        rf"(?:申请人|投诉人|举报人|反映人|诉求人|当事人|受害人|户主|业主|称呼|法人|患者|学生)[ ]?:"
        rf"[ ]?{_SURNAME}({_GIVEN}{{1,2}}?){_ENDS}"
    ),
)
# 本人于今年, 联系人方面: words that begin with a surname.
_NO_NAME = re.compile(
    r"本人[ :是]{0,3}(?:[于於从從向任家常高时時应應方安都全易万萬温曾连連车車房何时和后後马馬明]|经常)|人"
    r"[ :]{0,3}(?:方[面便式]|何时|高兴)"
)
_TITLE = re.compile(r"先生|女士|小姐|老师|老師|同志|主任|局长|局長|阿姨|师傅|師傅|经理|經理|[总總工]$")


def _names(wide: str) -> Iterator[Span]:
    """Given names; the surname stays. A title in the name's place (王女士) reveals no name."""
    for pattern in _NAMES:
        for found in pattern.finditer(wide):
            if not _TITLE.match(found[1]) and not _NO_NAME.match(found[0]):
                yield Span(*found.span(1), "name")
