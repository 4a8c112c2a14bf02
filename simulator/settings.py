"""What the simulator needs to know, from the environment and the command line.

The names of the secrets are the application's own, so that one environment serves both.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from simulator.wechat_templates import SUBSCRIPTION_IDS, TEMPLATE_FIELDS, TEMPLATE_IDS

if TYPE_CHECKING:
    from collections.abc import Mapping

FROM_ENVIRONMENT = (
    "wechat_app_id", "wechat_app_secret", "wechat_token", "wechat_aes_key",
    "twilio_account_sid", "twilio_auth_token", "twilio_from", "twilio_messaging_service_sid",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds. ``mode`` is plain, compatible or safe; ``push_format`` xml or json.

    ``sms_signed_url`` is the address Twilio signs when it is not the one called (a proxy between).
    """

    host: str = "127.0.0.1"
    port: int = 8100
    wechat_hook: str = "http://127.0.0.1:8000/hooks/wechat"
    sms_hook: str = "http://127.0.0.1:8000/hooks/twilio"
    sms_signed_url: str = ""
    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_account: str = "gh_wenzheng0001"
    wechat_name: str = "示范区问政"
    mode: str = "safe"
    push_format: str = "xml"
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_messaging_service_sid: str = ""
    advanced_opt_out: bool = False
    clock_file: str = ""
    wechat_timeout: float = 5.0
    wechat_tries: int = 3
    message_hours: float = 48.0
    message_quota: int = 5
    event_seconds: float = 60.0
    event_quota: int = 3
    sms_timeout: float = 15.0
    result_delay: float = 0.3

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def sms_numbers(self) -> tuple[str, ...]:
        """The account's sender numbers (``TWILIO_FROM`` may list several, by comma)."""
        return tuple(number.strip() for number in self.twilio_from.split(",") if number.strip())


def demo_environment(host: str = "127.0.0.1", port: int = 8100) -> dict[str, str]:
    """The variables for an application that is to talk to this simulator: addresses, ids, invented secrets."""
    base = f"http://{host}:{port}"
    return {
        "WECHAT_API_BASE_URL": f"{base}/wechat",
        "WECHAT_APP_ID": "wx" + _invented("app id")[:16],
        "WECHAT_APP_SECRET": _invented("app secret")[:32],
        "WECHAT_TOKEN": "demo" + _invented("token")[:12],
        "WECHAT_AES_KEY": _invented_aes_key(),
        "WECHAT_TEMPLATES": json.dumps(TEMPLATE_IDS),
        "WECHAT_SUBSCRIPTIONS": json.dumps(SUBSCRIPTION_IDS),
        "WECHAT_TEMPLATE_FIELDS": json.dumps(TEMPLATE_FIELDS),
        "TWILIO_API_BASE_URL": f"{base}/twilio",
        "TWILIO_ACCOUNT_SID": "AC" + _invented("account sid")[:32],
        "TWILIO_AUTH_TOKEN": _invented("auth token")[:32],
        "TWILIO_FROM": "+12025550100",
    }


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """The settings: ``given`` (command line, tests) over the environment over the demo's values."""
    source = os.environ if environment is None else environment
    defaults = demo_environment()
    known = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {
        name: source.get(name.upper()) or defaults.get(name.upper(), "") for name in FROM_ENVIRONMENT
    }
    values |= {name: value for name, value in given.items() if value is not None and name in known}
    settings = Settings(**values)
    if settings.mode not in {"plain", "compatible", "safe"} or settings.push_format not in {"xml", "json"}:
        raise ValueError("mode is plain, compatible or safe; push format is xml or json")
    return settings


def _invented(purpose: str) -> str:
    return hashlib.sha256(f"wenzheng simulator {purpose}".encode()).hexdigest()


def _invented_aes_key() -> str:
    """43 letters and digits, the form of WeChat's EncodingAESKey."""
    key = base64.b64encode(bytes.fromhex(_invented("aes key"))).decode().rstrip("=")
    return key.replace("+", "p").replace("/", "s")
