"""Phone numbers as senders: one spelling for each, and which of them are no person's.

Whoever compares, stores or answers a number goes through here, so that ``13…``, ``0086 13…`` and
``＋８６１３…`` are one citizen.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Collection

HOME = "CN"

_MOBILE_CN = re.compile(r"1[3-9]\d{9}")
_SEPARATORS = re.compile(r"[\s\-().·\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def plain_number(text: str) -> str:
    """Half-width, without separators and invisible marks; ``00`` in front becomes ``+``."""
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    return "+" + text[2:] if text.startswith("00") else text


def e164(text: str, region: str = HOME) -> str | None:
    """``+8613…`` for a complete number, written with or without country code; None for anything else
    (short codes, names). ``region`` is where a number without country code belongs; a mainland mobile
    number is recognised in any region unless it is a valid number there.
    """
    plain = plain_number(text)
    if not re.fullmatch(r"\+?\d{7,15}", plain):
        return None
    if plain.startswith("+"):
        return _possible(plain)
    if region != HOME and (local := _parsed(plain, region)) and phonenumbers.is_valid_number(local):
        return _format(local)
    if _MOBILE_CN.fullmatch(plain.removeprefix("86")):
        return "+86" + plain.removeprefix("86")
    local = _parsed(plain, region)
    return _format(local) if local and phonenumbers.is_valid_number(local) else None


def region_of(text: str) -> str:
    """The country of a number in E.164 (``US``), or home when it says none."""
    number = _parsed(plain_number(text), None)
    return (phonenumbers.region_code_for_number(number) if number else None) or HOME


def is_mainland(value: str) -> bool:
    """Whether a number is in mainland China: there carriers filter links, and Twilio has no way back."""
    return value.startswith("+86") or (not value.startswith("+") and is_mobile_cn(value))


def is_mobile_cn(value: str) -> bool:
    """A mainland mobile number, with +86 or without."""
    return _MOBILE_CN.fullmatch(value.removeprefix("+86")) is not None


def is_machine_sender(value: str, own: Collection[str] = ()) -> bool:
    """Whether an SMS sender is no person: a name, ``anonymous``, a short code, a gateway's number (1065…, 1069…,
    95…, any mainland number that is no mobile), or one of our ``own`` numbers.

    Only for addresses of the scheme ``sms``; elsewhere a name may be a person's id.
    """
    plain = plain_number(value)
    digits = plain.removeprefix("+")
    if value in own or plain in own or not digits.isdecimal() or len(digits) < 7:
        return True
    if not plain.startswith("+"):
        return not is_mobile_cn(digits)
    return plain.startswith("+86") and not is_mobile_cn(plain)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _possible(text: str) -> str | None:
    number = _parsed(text, None)
    return _format(number) if number and phonenumbers.is_possible_number(number) else None


def _format(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
