"""The settings of one WeChat account. Environment names follow from the fields (``WECHAT_APP_ID``)."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from adapters._wechat.crypto import key_bytes
from adapters.kit.base import ChannelConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRUE = frozenset({"1", "true", "yes", "on"})


class WeChatConfig(ChannelConfig):
    """What the account's settings page shows, and how our notices map to its templates."""

    app_id: str = Field(min_length=1, description="AppID of the official account (wx…).")
    app_secret: SecretStr = Field(min_length=1, description="AppSecret of the official account.")
    token: SecretStr = Field(min_length=1, description="Token entered on the page 服务器配置.")
    aes_key: SecretStr | None = Field(
        None, description="EncodingAESKey, 43 characters; left out only together with ALLOW_PLAIN."
    )
    aes_key_previous: SecretStr | None = Field(
        None, description="The EncodingAESKey before the last change; still opens and answers messages."
    )
    allow_plain: bool = Field(
        False, description="Accept unencrypted pushes, whose body WeChat does not sign. For trials only."
    )
    api_base_url: str = Field("https://api.weixin.qq.com", description="WeChat's server interface.")
    original_id: str = Field("", description="Original id (gh_…); when set, pushes for another account are not read.")
    templates: dict[str, str] = Field(
        default_factory=dict, description="JSON: our notice -> id of the template message."
    )
    subscriptions: dict[str, str] = Field(
        default_factory=dict, description="JSON: our notice -> id of the subscription template."
    )
    template_fields: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="JSON: our notice -> our field name -> the template's field (thing1, time3, phrase4 …).",
    )
    subscription_fields: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="JSON, as TEMPLATE_FIELDS, where the subscription template's fields differ.",
    )
    message_hours: float = Field(48, gt=0, description="Hours a person's message keeps replies open.")
    message_quota: int = Field(5, ge=0, description="Replies possible after a message.")
    event_minutes: float = Field(1, gt=0, description="Minutes a menu click, follow or scan opens replies.")
    event_quota: int = Field(3, ge=0, description="Replies possible after a menu click, follow or scan.")
    longest_bytes: int = Field(2048, ge=60, description="Longest text in UTF-8 bytes.")

    @field_validator("aes_key", "aes_key_previous", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("aes_key", "aes_key_previous")
    @classmethod
    def _check_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_bytes(value.get_secret_value())
        return value

    @field_validator("templates", "subscriptions", "template_fields", "subscription_fields", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "{}")
        except ValueError:
            raise ValueError("must be a JSON object") from None

    @field_validator("api_base_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http(s) address")
        return value.rstrip("/")

    @classmethod
    def insecure(cls, values: Mapping[str, Any]) -> list[str]:
        """Settings refused outside of the demo: plain mode without its switch, and credentials sent over an open
        line.
        """
        found = []
        if not values.get("aes_key") and str(values.get("allow_plain", "")).lower() not in _TRUE:
            found.append("AES_KEY: missing, and plain mode is refused without ALLOW_PLAIN=true")
        if _open_line(str(values.get("api_base_url", ""))):
            found.append("API_BASE_URL: http to another machine would show the app secret")
        return found


def _open_line(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True
