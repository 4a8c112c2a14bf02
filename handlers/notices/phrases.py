"""The values with which texts are filled: dates with their weekday, states, and names people know."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from store.records.inquiries import InquiryRecord


CHINA = timezone(timedelta(hours=8))
WEEKDAYS = "一二三四五六日"

STATES = {
    "received": "已收到",
    "accepted": "已受理",
    "dispatched": "已转办",
    "in_progress": "办理中",
    "in_review": "审核中",
    "answered": "已答复",
    "closed": "已办结",
    "archived": "已归档",
    "need_info": "待补充",
    "rejected": "不予受理",
    "merged": "已并案",
    "withdrawn": "已撤回",
}
REASONS = {
    "field_test": "需要现场检测",
    "joint_consultation": "需要几个部门一起商定",
    "statutory_procedure": "要走法定程序",
    "construction_period": "施工需要时间",
    "awaiting_approval": "要等上级批复",
    "weather": "受天气影响",
    "": "有客观原因",
}
"""Why an answer takes longer, as a citizen is told it; ``""`` for a reason of the office's own list."""
WHY = {
    "no_words": "没有认出关键词",
    "weak": "关键词太少",
    "tie": "几个单位都可能",
    "place_only": "只认出地点",
    "several_places": "地点不止一处",
    "unsure": "把握不够",
    "disputed": "判断不一致",
    "flagged": "需人工判断",
    "repeat": "可能与本人已有诉求重复",
}
"""Why the router left an inquiry to the duty desk."""
REWORK = "市民不满意，重新办理："
HIDDEN = "（涉密内容，仅指定人员可看）"
"""Stands in the place of what is for one officer only (``handlers/notices/privacy.py``)."""
ASIDE = {"unsent": "发出前已改", "replaced": "已更正", "retracted": "已撤回"}
"""How the officers' page names an answer that does not hold any more."""
CALLED_BACK = {0: "未接通", 1: "满意", 2: "基本满意", 3: "不满意"}
RATINGS = {1: "满意", 2: "基本满意", 3: "不满意"}


UNSEEN = frozenset(
    {
        "viewed",
        "clock_set",
        "points_appealed",
        "points_returned",
        "request_dropped",
        "repeat_suggested",
        "sender_cooled",
        "sender_unblocked",
        "answer_edited",
    }
)
"""Events that explain dates and points, or tell who looked. They are no step in the history of an inquiry."""


def say_day(at: datetime) -> str:
    """A day as ``11月27日(周五)``, always with the weekday, so that nobody has to count what "soon" means."""
    local = at.astimezone(CHINA)
    return f"{local.month}月{local.day}日(周{WEEKDAYS[local.weekday()]})"


def say_time(at: datetime) -> str:
    """A moment as ``11月27日(周五)17:00``."""
    return f"{say_day(at)}{at.astimezone(CHINA):%H:%M}"


def say_due(inquiry: InquiryRecord) -> str:
    """The promised date, with 约 when it may fall into a year whose holidays are not announced."""
    return ("约" if inquiry.provisional else "") + say_time(inquiry.due_at)


def about(inquiry: InquiryRecord) -> dict[str, Any]:
    """The fields that every text about an inquiry may use. The query code is not among them, since it is the
    citizen's alone.
    """
    return {
        "number": inquiry.number,
        "compact": inquiry.number.replace("-", ""),
        "due": say_due(inquiry),
        "state": STATES.get(inquiry.state, inquiry.state),
        "summary": inquiry.summary,
        "received": say_time(inquiry.received_at),
    }


def say_percent(confidence: float) -> int:
    """A confidence in percent, never 100, because nobody is that sure."""
    return min(99, round(100 * confidence))


def grounds(inquiry: InquiryRecord, unit_code: str) -> dict[str, Any]:
    """Why the machine chose this unit: the deciding words, and the confidence in percent (0: by keywords). Empty
    when a person chose it.
    """
    routing = inquiry.routing or {}
    if not routing.get("chosen") or routing["chosen"] != unit_code:
        return {}
    found: tuple[float, list[str]] = next(
        ((sure, words) for code, sure, words in routing["candidates"] if code == unit_code), (0, [])
    )
    measured = routing.get("source", "keywords") != "keywords"
    return {"words": "、".join(found[1]), "percent": say_percent(found[0]) if measured else 0}


def shorten(text: str, length: int) -> str:
    """One line of at most ``length`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
