"""Finds what makes a message need a person: danger, secrets, an accusation against an official, personal data.

``flags`` is asked before anything is dispatched automatically. An accusation never goes to those accused, a
secret to nobody but the officer named for it. Patterns work on the normal form of the text. Guards keep ordinary
phrases out: "保密" in a manner of speaking, a salutation to the party secretary, a campaign against corruption.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.directory.units import Role
from bot.text.emergency import emergency
from bot.text.masking import has_personal
from bot.text.reading import normalise
from bot.text.surnames import COMPOUND, SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.directory.units import Directory, UnitRow

NAMES = ("self_harm", "emergency", "secret", "accusation", "personal")


class Flags(NamedTuple):
    """``names`` in the order of ``NAMES``; ``accused`` are the codes of the units an accused official belongs to."""

    names: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()


def flags(text: str, *, directory: Directory | None = None) -> Flags:
    """The flags a text raises. ``directory`` is used to find the units of those accused."""
    plain = normalise(text)
    dangers = emergency(text)
    places = list(_accusations(plain, directory))
    found = {
        "self_harm": "suicide" in dangers,
        "emergency": bool(set(dangers) - {"suicide"}),
        "secret": is_secret(plain),
        "accusation": bool(places),
        "personal": bool(has_personal(text)),
    }
    accused = _accused(plain, places, directory) if directory is not None and places else ()
    return Flags(tuple(name for name in NAMES if found[name]), accused)


# --- secrets ---

_STAMP = re.compile(
    # As printed on a paper: 机密★10年, 【绝密】, 密级:秘密.
    r"(?:绝密|机密|秘密) ?[★☆✩✭⭐]|(?:绝密|机密|秘密) ?\* ?\d{0,2}|[\[(【〔<] ?(?:绝密|机密|秘密)(?:级)? "
    r"?[\])】〕>]|密级 ?[:为是]? ?(?:绝密|机密|秘密)"
    r"|(?:绝密|机密|秘密)级(?:文件|资料|材料|电报|图纸)"
    r"|内部(?:文件|资料|材料|传阅)[ ,.:;()]{0,3}(?:不得|严禁|禁止|请勿|切勿|不准|不要|勿)(?:对外|向外)?(?:外传"
    r"|扩散|泄露|泄漏|翻印|复印|传播|公开|转发)"
    r"|内部(?:文件|资料|材料)[ ,.:;()]{0,3}注意保密|涉密(?:文件|资料|材料|图纸|内容如下)"
)
_SPOKEN = re.compile(r"绝密|(?:国家|军事|军队|国防)(?:机密|秘密)|机密")
_NO_SECRET_BEFORE = re.compile(
    r"(?:像|如同|好似|好像|什么|又不是|不是|并非|非|没有|不算|不涉及|不属于|商业|企业|公司|技术|行业|个人|天大的?|所谓的?|是不是|当成|当作|当做|难道是?|算|成了?|"
    r"搞得|弄得|除了?|除涉及|涉及到?|涉嫌|是否|如|若|凡|以|借口|泄露|泄漏|泄密|出卖|盗取|窃取|保守|依法|参与|关于"
    r"|打着|还是|难不成|(?:需要|应当|应该)保密的|勿提交|不得|禁止|严禁)[ ,的是一个\"“‘]{0,3}$"
)
_NO_SECRET_AFTER = re.compile(
    r"[ \"”’]{0,2}(?:性|吗|呢|吧|嘛|么|似的|一样|配方|武器|战|级别的?待遇|罪|局|法|工作|工程|支持|批准|,?商业|、"
    r"|和商业|或商业|以及商业|或者商业|信息公开|除外|不?外传的?秘方|泄露|泄漏)"
)


def is_secret(plain: str) -> bool:
    """Whether a text carries a mark of secrecy: a stamp always counts, the word alone only if it is no manner of
    speaking.
    """
    stamped = any(not _denied(plain, found.start()) for found in _STAMP.finditer(plain))
    return stamped or any(
        not _NO_SECRET_BEFORE.search(plain[max(0, found.start() - 10) : found.start()])
        and not _NO_SECRET_AFTER.match(plain[found.end() : found.end() + 8])
        for found in _SPOKEN.finditer(plain)
    )


def _denied(plain: str, at: int) -> bool:
    return (
        re.search(
            r"(?:不是|又不是|没有|并非|像|当成|勿提交|不要提交|什么)[ 的一份个\"“]{0,3}$", plain[max(0, at - 9) : at]
        )
        is not None
    )


# --- accusations ---

_WRONG = re.compile(
    r"贪污|贪腐|受贿|索贿|收贿|行贿|贿赂|(?:收|拿|吃|要|索要|索取|收受|接受)了?[^,。!?;]{0,6}(?:红包|回扣|好处费|贿赂|礼金|黑钱|购物卡|茶水费|辛苦费)|吃拿卡要|"
    r"挪用|侵吞|私吞|侵占(?:集体|公款|国家|村民|扶贫)|中饱私囊|以权谋私|假公济私|滥用(?:职权|权力)|包庇|保护伞|打击报复|徇私(?:舞弊|枉法)?|官商勾结|权钱交易|钱权交易|"
    r"优亲厚友|虚报冒领|套取[^,。!?;]{0,6}(?:资金|补贴|补助|款)|截留[^,。!?;]{0,6}(?:资金|补贴|补助|款)|私分|公款(?:吃喝|旅游|消费)|买官卖官|卖官|腐败|渎职|勒索|敲诈|欺压百姓|鱼肉百姓"
)
_NO_WRONG_BEFORE = re.compile(
    r"(?:打击|反对|反|惩治|惩处|严惩|杜绝|预防|防止|防范|整治|清廉|遏制|治理|没有|没|从不|不会|不曾|并未|未|无|不敢|会不会|会被|遭到?|怕|害怕|担心|恐|可能被|受到|因|不是|敬请|防|零)"
    r"[^,。!?;]{0,3}$"
)
_NO_WRONG_AFTER = re.compile(r"的?(?:犯罪?分子名单|防范|预防|热线|举报电话|举报箱|斗争|宣传|教育|罪名?的?规定)")
_SIMPLE = "".join(char for char in SINGLE if normalise(char) == char)
_SURNAME = rf"(?:{'|'.join(sorted(normalise(name) for name in COMPOUND))}|[{_SIMPLE}])"
_TITLE = (
    r"(?:副|正|原|前)?(?:局长|(?<!班)主任|书记|科长|所长|(?:大|中|支|总)?队长|校长|院长|站长|镇长|乡长|村长|县长|区长"
    r"|市长|处长|股长|部长|主席|园长|厅长|支书|警官|法官|检察官)"
)
_ROLE = r"(?:工作人员|办事员|民警|交警|辅警|协警|城管|队员|执法(?:人员|员)|科员|干部|领导|会计|出纳|网格员|审批员)"
_SOMEBODY = rf"{_SURNAME}(?:某某?|x{{1,3}}|\*{{1,2}}|[\u4e00-\u9fff]{{1,2}})"
_OFFICIAL = re.compile(
    rf"{_SURNAME}(?:某某?|x{{1,3}}|\*{{1,2}}|[\u4e00-\u9fff]{{0,2}}){_TITLE}"  # 张局长, 张伟局长
    rf"|{_TITLE} ?[:]?(?:一?名?叫)?{_SOMEBODY}"  # 局长张伟
    rf"|(?:本|我|该|我们|他们|这个|某)?(?:村|镇|乡|局|街道|社区|居委会|村委会|党支部|学校|中学|小学|派出所|所|大队"
    rf"|中队|法院|检察院|医院|办|委|中心|站|处|厅|支行)的?{_TITLE}"  # 城管局局长, 本村支书
    rf"|村(?:支书|主任|书记|长|霸)|村支部书记|(?:村|镇|乡|社区|街道|局|所)的?(?:干部|领导|会计|出纳)"
    rf"|{_ROLE}的?(?:一?名?叫)? ?{_SURNAME}(?:某|x|\*|[\u4e00-\u9fff]{{1,2}}(?=[,。!?;:\s]|收|拿|索|贪|受|包|滥|吃"
    rf"|要|打|利|和|与|等|多|长|在|向|以|的))"
    rf"|(?:局|所|办|街道|队|站|中心|村|社区|委|院|厅)的?{_SURNAME}(?:某|x|[\u4e00-\u9fff]{{1,2}}(?=收了?|拿了?|索|贪|受贿|挪用|侵吞|包庇|滥用|私吞|利用|吃[拿回]))"
    rf"|姓{_SURNAME}的(?:{_TITLE}|{_ROLE})"
)
_BY_TITLE = re.compile(rf"{_TITLE}(?=[^,。!?;:]{{0,4}}$)")  # 镇长滥用职权
# The letter is written to them: 尊敬的张书记:您好, 请李局长严查.
_TO_BEFORE = re.compile(
    r"(?:尊敬的|敬爱的|亲爱的|请|请求|希望|恳请|恳求|求|望|向|给|致|盼|盼望|谢谢|感谢|跟|同|找|报告|信任|相信)[^,。!?;]{0,5}$"
)
_TO_AFTER = re.compile(r"[ ,、]?(?:您|你|好|:|明察|明鉴|请|严查|能|为民做主|帮)")
_BEFORE, _AFTER = 40, 30
_END = re.compile(r"[。!?;]")
_MOST = 20  # places looked at for the units; more say nothing new


def _accusations(plain: str, directory: Directory | None = None) -> Iterator[tuple[int, int]]:
    """The places where an official and a wrongdoing stand near each other in one sentence."""
    count = 0
    for wrong in _WRONG.finditer(plain):
        if count == _MOST:
            return
        if _NO_WRONG_BEFORE.search(plain[max(0, wrong.start() - 8) : wrong.start()]) or _NO_WRONG_AFTER.match(
            plain, wrong.end()
        ):
            continue
        start, end = _sentence(plain, wrong)
        officials = [
            *_OFFICIAL.finditer(plain, start, end),
            *_BY_TITLE.finditer(plain, max(start, wrong.start() - 10), wrong.start()),
        ]
        if any(not _addressed(plain, found) for found in officials) or _known(plain[start:end], directory):
            count += 1
            yield start, end


def _known(sentence: str, directory: Directory | None) -> bool:
    """Whether somebody of the directory is called by name."""
    people = directory.officers if directory is not None else ()
    return any(len(officer.name) >= 2 and normalise(officer.name) in sentence for officer in people)


def _sentence(plain: str, wrong: re.Match[str]) -> tuple[int, int]:
    """The part of the sentence around a wrongdoing that is searched for an official."""
    start, end = max(0, wrong.start() - _BEFORE), min(len(plain), wrong.end() + _AFTER)
    ends = [found.end() for found in _END.finditer(plain, start, wrong.start())]
    stop = _END.search(plain, wrong.end(), end)
    return (ends[-1] if ends else start), (stop.start() if stop else end)


def _addressed(plain: str, official: re.Match[str]) -> bool:
    before = plain[max(0, official.start() - 8) : official.start()]
    return bool(_TO_BEFORE.search(before) or _TO_AFTER.match(plain, official.end()))


_NEAR = 20


def _accused(plain: str, places: list[tuple[int, int]], directory: Directory) -> tuple[str, ...]:
    """The codes of the units named in the accusing sentence, else near it, else anywhere in the text. Lower units
    are included, since a subdistrict's communities answer to those accused.
    """
    named = [(at, unit.code) for unit in directory.units for at in _mentions(plain, unit, directory)]
    codes: set[str] = set()
    for reach in (0, _NEAR, len(plain)):
        codes = codes or {
            code for at, code in named if any(start - reach <= at <= end + reach for start, end in places)
        }
    return tuple(unit.code for unit in directory.units if unit.code in codes or unit.parent_code in codes - {""})


def _mentions(plain: str, unit: UnitRow, directory: Directory) -> Iterator[int]:
    """The places where the unit, one of its people, or its head by surname and title is named."""
    for name in (unit.name, *unit.short_names):
        yield from _places(plain, normalise(name).replace(" ", ""))
    for officer in directory.officers:
        if officer.unit_code != unit.code or not officer.active:
            continue
        if len(officer.name) >= 2:
            yield from _places(plain, normalise(officer.name))
        if officer.role is Role.HEAD and _only_head(directory, officer.name[:1]):
            yield from (found.start() for found in re.finditer(rf"{re.escape(officer.name[:1])}{_TITLE}", plain))


def _only_head(directory: Directory, surname: str) -> bool:
    """Whether a surname with a title ("张局长") can mean one person only: exactly one head has that surname."""
    return sum(o.active and o.role is Role.HEAD and o.name[:1] == surname for o in directory.officers) == 1


def _places(plain: str, name: str) -> Iterator[int]:
    at = plain.find(name) if name else -1
    while at >= 0:
        yield at
        at = plain.find(name, at + 1)
