"""The kind of an inquiry (咨询 求助 投诉 举报 建议 表扬), read from its first words.

Limits may differ by kind (``DUE_DAYS_BY_KIND``), and the date is promised with the first line, so a
kind is needed before anybody has read the matter. Without a telling word it is a request for help.
"""

from __future__ import annotations

from enum import StrEnum

from bot.text.reading import normalise


class InquiryKind(StrEnum):
    """What a citizen wants of the office."""

    CONSULT = "consult"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGEST = "suggest"
    PRAISE = "praise"


# The first kind with a matching word wins: an accusation stays one even if it is put as a question.
WORDS: dict[InquiryKind, tuple[str, ...]] = {
    InquiryKind.REPORT: ("举报", "检举", "揭发"),
    InquiryKind.COMPLAINT: ("投诉", "没人管", "乱收费", "扰民", "不作为", "推诿", "态度恶劣"),
    InquiryKind.PRAISE: ("表扬", "点赞", "感谢信", "锦旗"),
    InquiryKind.SUGGEST: ("建议", "提议", "希望增设", "能否增设"),
    InquiryKind.CONSULT: ("咨询", "请问", "想问", "问一下", "怎么办理", "如何办理", "需要什么材料", "需要哪些材料"),
}


def kind_of(text: str) -> InquiryKind:
    """The kind a text names; HELP if it names none."""
    plain = normalise(text)
    return next((kind for kind, words in WORDS.items() if any(word in plain for word in words)), InquiryKind.HELP)
