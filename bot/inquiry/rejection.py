"""The reasons why an inquiry is not accepted, and how officers write them.

An officer types the code in Latin letters, its number in the list, or a usual word for it. The words the citizen
reads (the reason and who to turn to) stand in the text ``rejected``, by code.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bot.text.reading import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reason(StrEnum):
    """The reasons in the order of the list, from which officers choose by number, counted from 1."""

    OUT_OF_AREA = "OUT_OF_AREA"
    OTHER_ORGAN = "OTHER_ORGAN"
    EMERGENCY = "EMERGENCY"
    LEGAL_PATH = "LEGAL_PATH"
    PETITION = "PETITION"
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED_NO_NEW = "FINISHED_NO_NEW"
    SECRET = "SECRET"  # noqa: S105  a reason, no password
    PRIVACY_OF_OTHERS = "PRIVACY_OF_OTHERS"
    ABUSE = "ABUSE"
    UNCLEAR = "UNCLEAR"
    ADVERT = "ADVERT"
    ILLEGAL = "ILLEGAL"
    DISCIPLINE_CLUE = "DISCIPLINE_CLUE"
    OTHER = "OTHER"


NEEDS_TEXT = frozenset({Reason.OTHER})
SHORTEST_TEXT = 4
"""The least number of characters of a reason in the officer's own words."""
SAME_MATTER = frozenset({Reason.IN_PROGRESS, Reason.FINISHED_NO_NEW})
"""Reasons that say there is another inquiry about the same thing. If that one is open, merging is the right way."""
NEVER_REJECTED = frozenset({"emergency", "self_harm"})
"""Flags under which an inquiry cannot be rejected for any reason: a person has to look after it."""

_WORDS = {
    Reason.OUT_OF_AREA: "不属本区 不属于本区 非本区 外区 外地 不在本区 管辖外 不属管辖 不归本区 区外 本区外",
    Reason.OTHER_ORGAN: "党委 人大 政协 法院 检察院 部队 军队 其他机关 非政府职责",
    Reason.EMERGENCY: "紧急 急救 报警 火警 紧急求助 110 119 120 122",
    Reason.LEGAL_PATH: "诉讼 仲裁 复议 行政复议 起诉 涉法 涉诉 涉法涉诉 法定途径 法定程序 信息公开 司法",
    Reason.PETITION: "信访 上访 信访事项 已信访",
    Reason.IN_PROGRESS: "在办 正在办理 办理中 重复在办 已在办 重复",
    Reason.FINISHED_NO_NEW: "已办结 办结 无新情况 没有新情况 已答复过 无新理由",
    Reason.SECRET: "涉密 国家秘密 商业秘密 机密 绝密 秘密",
    Reason.PRIVACY_OF_OTHERS: "隐私 他人隐私 个人隐私",
    Reason.ABUSE: "辱骂 谩骂 威胁 骚扰 侮辱 恐吓",
    Reason.UNCLEAR: "不清楚 不明确 内容不清 地点不清 无法核实 要素不全 没说清",
    Reason.ADVERT: "广告 推销 营销",
    Reason.ILLEGAL: "违法 违法内容 违法信息 非法",
    Reason.DISCIPLINE_CLUE: "纪检 纪委 监委 违纪 腐败 贪污 受贿 举报干部 纪检监察",
    Reason.OTHER: "其他 其它 另外 其余",
}
_BY_WORD = {word: reason for reason, words in _WORDS.items() for word in words.split()}
_BY_CODE = {reason.value.replace("_", "").lower(): reason for reason in Reason}
_LATIN = re.compile(r"^[a-z]+(?:[ _\-]+[a-z]+)*", re.IGNORECASE)
_MARKS = " \u3000\xa0\t\r\n,，.。:：;；、-—"
_DIGITS = re.compile(r"^(?:第|原因|理由)?(?P<number>\d{1,2})(?:[号条]|(?=[\s,.:;、，。：；]|$))")
_TOKEN = re.compile(r"^[^\s,，.。:：;；、]+")


class Said(NamedTuple):
    """A reason, and what the officer wrote besides."""

    reason: Reason
    note: str = ""


def reason_of(code: str) -> Reason | None:
    """The reason of a code as stored or chosen on a page, in any case; None for anything else."""
    return _BY_CODE.get(re.sub(r"[\s_\-]", "", normalise(code)))


def read_reason(text: str) -> Said | None:
    """The reason an officer typed (``LEGAL_PATH``, ``4``, ``诉讼``, or a sentence with the words of one reason),
    and the rest as written.
    """
    rest = text.strip(_MARKS)
    return _latin(rest) or _listed(rest) or _word(rest) or _sentence(rest)


def _latin(text: str) -> Said | None:
    """The code among the leading Latin words. The longest wins: ``out of area`` is one code, and ``other_organ``
    is not OTHER.
    """
    match = _LATIN.match(_half_width(text))
    words = list(re.finditer(r"[a-zA-Z]+", match[0])) if match else []
    for last in reversed(words):
        if reason := _BY_CODE.get(re.sub(r"[^a-z]", "", text_before(text, last.end()))):
            return Said(reason, text[last.end() :].strip(_MARKS))
    return None


def text_before(text: str, end: int) -> str:
    """The part of ``text`` before a place in its normal form."""
    return normalise(text[:end])


def _half_width(text: str) -> str:
    """Full-width letters, digits and underscores made half-width, one character for one, so that places agree."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else " " if c == "　" else c for c in text)


def _listed(text: str) -> Said | None:
    match = _DIGITS.match(_half_width(text))
    reasons = list(Reason)
    if match is None or not 1 <= int(match["number"]) <= len(reasons):
        return None
    return Said(reasons[int(match["number"]) - 1], text[match.end() :].strip(_MARKS))


def _word(text: str) -> Said | None:
    match = _TOKEN.match(text)
    reason = _BY_WORD.get(normalise(match[0])) if match else None
    return Said(reason, text[match.end() :].strip(_MARKS)) if match and reason else None


def _sentence(text: str) -> Said | None:
    """The reason of a sentence that contains the words of one reason only; the sentence itself is the note."""
    found = set(_reasons_in(normalise(text)))
    return Said(found.pop(), text) if len(found) == 1 else None


def _reasons_in(plain: str) -> Iterator[Reason]:
    for word, reason in _BY_WORD.items():
        if word in plain and not word.isdecimal() and reason is not Reason.OTHER:
            yield reason


def text_missing(reason: Reason, note: str) -> bool:
    """Whether this reason needs words of the officer's own and has none."""
    return reason in NEEDS_TEXT and len("".join(note.split())) < SHORTEST_TEXT
