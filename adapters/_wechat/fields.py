"""Fits template fields to their types, so that WeChat does not refuse them (47003).

Types and lengths: developers.weixin.qq.com "订阅消息参数值内容限制说明" (read 2026-11-23). The type is the
field's name without its number: ``thing1``, ``character_string2``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.edge.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHINA = ZoneInfo("Asia/Shanghai")
NOTHING = "无"
"""What stands in an empty field, since WeChat refuses empty values. Fields of Chinese characters only cannot take
a dash.
"""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_NOT_HAN = re.compile(f"[^{_HAN}]")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,8})?")
_DATE = re.compile(r"(?:(\d{4})\s*[年/.-]\s*)?(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?")
_TIME = re.compile(r"(?<!\d)(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?(?!\d)")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def fit_fields(values: Mapping[str, str], mapping: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Our fields as the template's fields, each fitted. A field that is mapped but has no value is filled, too.

    Raises Refused (47003) for a date that cannot be read: a wrong date is worse than another way out.
    """
    names = mapping or {name: name for name in values}
    return {platform: fit(platform, values.get(ours, ""), now) for ours, platform in names.items()}


def fit(field: str, value: str, now: datetime) -> str:
    """One value fitted to the type of ``field``. Never empty."""
    kind = field.rstrip("0123456789")
    text = " ".join(_UNPRINTABLE.sub(" ", value).split())
    if kind in {"time", "date"}:
        return _moment(field, text, now)
    return FITTERS.get(kind, _as_is)(text)


def _as_is(text: str) -> str:
    return text or "-"


def shorten(text: str, units: int) -> str:
    """At most ``units`` UTF-16 units. How WeChat counts an emoji is not documented; this counts two, which is safe."""
    if _units(text) <= units:
        return text
    while _units(text) > units - 1:
        text = text[:-1]
    return text.rstrip("\u200d\ufe0f") + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _thing(text: str) -> str:
    return shorten(text, 20) or "-"


def _character_string(text: str) -> str:
    return "".join(one for one in text if " " < one <= "~")[:32] or "-"


def _letter(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isalpha())[:32] or "NA"


def _phrase(text: str) -> str:
    return _NOT_HAN.sub("", text)[:5] or NOTHING


def _name(text: str) -> str:
    """At most 10 Chinese characters or 20 letters. A mixture of both is refused."""
    chinese = _NOT_HAN.sub("", text)[:10]
    letters = "".join(one for one in text if " " <= one <= "~" and not one.isdigit())[:20].strip()
    return chinese or letters or NOTHING


def _number(text: str) -> str:
    found = _NUMBER.search(text.replace(",", ""))
    return found[0] if found else "0"


def _amount(text: str) -> str:
    found = re.search(r"[¥￥$€]?\d{1,10}(?:\.\d{1,2})?元?", text.replace(",", ""))
    return found[0] if found else "0元"


def _phone(text: str) -> str:
    return "".join(one for one in text if one in "0123456789+-")[:17] or "-"


def _car(text: str) -> str:
    return text[:8] or "-"


def _symbol(text: str) -> str:
    return "".join(one for one in text if one.isascii() and not one.isalnum() and one > " ")[:5] or "-"


FITTERS: dict[str, Callable[[str], str]] = {
    "thing": _thing,
    "character_string": _character_string,
    "letter": _letter,
    "phrase": _phrase,
    "name": _name,
    "number": _number,
    "amount": _amount,
    "phone_number": _phone,
    "car_number": _car,
    "symbol": _symbol,
}
"""``const`` and types not named here go through unchanged, because the account fixed their values."""


def _moment(field: str, text: str, now: datetime) -> str:
    """A time as ``2026年11月27日 17:30``, which every time and date field takes."""
    moment = _iso(text)
    if moment:
        return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    clock = _clock(text)
    day = _day(text, now)
    if day:
        return f"{day} {clock}".strip()
    if clock and field.startswith("time"):
        return clock
    raise Refused("47003", f"no date to read for field {field}")


def _iso(text: str) -> datetime | None:
    """A full ISO time with a zone, in local time. Other forms are read as they are written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(CHINA) if moment.tzinfo else None


def _clock(text: str) -> str:
    found = _TIME.search(text)
    return f"{int(found[1]):02}:{found[2]}" if found and int(found[1]) < 24 and int(found[2]) < 60 else ""


def _day(text: str, now: datetime) -> str:
    """A date. A missing year is added so that the date is the nearest to now."""
    found = _DATE.search(text)
    if not found:
        return ""
    today = now.astimezone(CHINA)
    years = [int(found[1])] if found[1] else [today.year, today.year + 1, today.year - 1]
    days = [day for year in years if (day := _real_day(year, int(found[2]), int(found[3])))]
    if not days:
        return ""
    day = min(days, key=lambda one: abs(one - now))
    return f"{day.year}年{day.month}月{day.day}日"


def _real_day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
