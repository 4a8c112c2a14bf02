"""WeChat's error codes as our errors.

Codes and meanings: developers.weixin.qq.com "全局返回码", and codes seen in the field (read 2026-11-23).
"""

from __future__ import annotations

import re

from bot.edge.errors import (
    Misconfigured,
    RateLimited,
    RecipientGone,
    Refused,
    SendError,
    Temporary,
    WindowClosed,
)

TOKEN_ERRORS = frozenset({40001, 40014, 42001})
"""The access token is wrong or no longer valid. One renewal may help."""

ERRORS: dict[int, tuple[type[SendError], str]] = {
    -1: (Temporary, "system busy"),
    40001: (Misconfigured, "access token or secret not valid"),
    40014: (Misconfigured, "access token not valid"),
    42001: (Misconfigured, "access token expired"),
    41001: (Misconfigured, "access token missing"),
    40002: (Misconfigured, "grant type not valid"),
    40013: (Misconfigured, "app id not valid"),
    40125: (Misconfigured, "app secret wrong"),
    40164: (Misconfigured, "our address is not on the account's white list"),
    40243: (Misconfigured, "app secret frozen"),
    41002: (Misconfigured, "app id missing"),
    41004: (Misconfigured, "app secret missing"),
    50002: (Misconfigured, "account restricted"),
    50007: (Misconfigured, "account frozen"),
    61024: (Misconfigured, "token must come from the third-party platform"),
    89501: (Misconfigured, "administrator must confirm our address"),
    89503: (Misconfigured, "administrator must confirm our address"),
    89506: (Misconfigured, "administrator refused our address"),
    89507: (Misconfigured, "administrator refused our address"),
    40037: (Misconfigured, "template id not valid"),
    41028: (Misconfigured, "template form id not valid"),
    48001: (Misconfigured, "account has no right to this interface"),
    48004: (Misconfigured, "interface blocked by WeChat"),
    48008: (Misconfigured, "account has no right to this message kind"),
    50001: (Misconfigured, "account has not granted this interface"),
    40003: (RecipientGone, "openid not valid for this account"),
    43004: (RecipientGone, "person does not follow"),
    43019: (RecipientGone, "person is on the black list"),
    46004: (RecipientGone, "no such person"),
    50005: (RecipientGone, "person does not follow"),
    # 45015 is also answered a minute after a message, and means "unfollowed" as well.
    45015: (WindowClosed, "reply window over or unfollowed"),
    45047: (WindowClosed, "reply quota used up"),
    43101: (Refused, "subscription refused or used up"),
    43107: (Refused, "subscription switched off by WeChat"),
    43108: (Refused, "subscription not allowed for this person"),
    45002: (Refused, "text too long"),
    44004: (Refused, "text empty"),
    47001: (Refused, "body not understood"),
    47003: (Refused, "template field not valid"),
    48002: (Refused, "person switched messages off"),
    87014: (Refused, "text held by content check"),
    45009: (RateLimited, "daily quota used up"),
    45011: (RateLimited, "too many calls a minute"),
    45066: (RateLimited, "same client message id too soon"),
}

RETRY_AFTER = {45009: 1800.0, 45011: 60.0, 45066: 60.0}
"""Seconds to wait. The daily quota is reset at midnight or by hand; half an hour notices either soon enough."""

_FIELD = re.compile(r"data\.([A-Za-z_]{1,20}\d{0,3})\.value")


def error_for(code: int, message: str = "") -> SendError:
    """The error for an errcode. Of WeChat's own words only the name of a field is kept."""
    kind, words = ERRORS.get(code, (Refused, "unknown code"))
    field = _FIELD.search(message) if code == 47003 else None
    detail = f"{words}: {field[1]}" if field else words
    if issubclass(kind, RateLimited):
        return kind(str(code), detail, retry_after=RETRY_AFTER[code])
    return kind(str(code), detail)
