"""Registered templates and the rules of their fields.

Field types and their limits as users report them for template and subscription messages alike
(community doc/00066407b58fc04dade12a65a6b000 and others, read 2026-11-23); a violation is 47003.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE_IDS = {"answer": "TPL_ANSWER", "notice": "TPL_NOTICE", "order": "TPL_ORDER"}
SUBSCRIPTION_IDS = {"answer": "SUB_ANSWER", "notice": "SUB_NOTICE"}
TEMPLATE_FIELDS = {
    key: {"number": "character_string1", "subject": "thing2", "time": "time3", "remark": "thing4"}
    for key in TEMPLATE_IDS
}
"""For each notice of the application, its field and the template's field."""

_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2})"
_MOMENT = rf"({_DAY}( {_CLOCK})?|{_CLOCK})"
RULES: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r"[^\x00-\x1f\x7f]{1,20}"),  # line breaks are refused too
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "number": re.compile(r"[+-]?\d{1,32}(\.\d{1,32})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "name": re.compile(r"([\u3400-\u9fff·]{1,10}|[A-Za-z .]{1,20})"),
    "phone_number": re.compile(r"[\d+() -]{1,17}"),
    "amount": re.compile(r"[¥$€]?\d{1,10}(\.\d{1,2})?元?"),
    "time": re.compile(rf"{_MOMENT}(~{_MOMENT})?"),
    "date": re.compile(rf"{_DAY}( {_CLOCK})?(~{_DAY}( {_CLOCK})?)?"),
    "const": re.compile(r"(?s:.){1,20}"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A registered template. ``fields``: the platform's field and the label printed before its value."""

    id: str
    title: str
    fields: Mapping[str, str] = field(default_factory=dict)


_LABELS = {"character_string1": "编号", "thing2": "事项", "time3": "时间", "thing4": "备注"}
_ORDER_LABELS = _LABELS | {"time3": "办理期限"}
REGISTERED = {
    template.id: template
    for template in (
        Template("TPL_ANSWER", "留言办理结果通知", _LABELS),
        Template("TPL_NOTICE", "留言办理进度通知", _LABELS),
        Template("TPL_ORDER", "工单待办提醒", _ORDER_LABELS),
        Template("SUB_ANSWER", "留言回复提醒", _LABELS),
        Template("SUB_NOTICE", "办理进度提醒", _LABELS),
    )
}


def complaint(template: Template, data: Any) -> str:
    """WeChat's words for the first field that breaks a rule, ``""`` when all are right."""
    if not isinstance(data, dict):
        return "argument invalid! data is emtpy"
    for name in template.fields:
        given = data.get(name)
        value = given.get("value") if isinstance(given, dict) else None
        if not isinstance(value, str) or not value.strip():
            return f"argument invalid! data.{name}.value is emtpy"  # WeChat's own spelling
        if not RULES[name.rstrip("0123456789")].fullmatch(value):
            return f"argument invalid! data.{name}.value invalid"
    return ""


def card(template: Template, data: Mapping[str, Any], url: str) -> dict[str, Any]:
    """What the phone shows of a template: title, labelled values, link."""
    rows = [{"label": label, "value": str(data[name]["value"])} for name, label in template.fields.items()]
    return {"title": template.title, "rows": rows, "url": url}
