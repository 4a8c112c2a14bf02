"""WeChat's check of an address, done when the owner of an account enters the address of the hook."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import requests

from simulator.wechat_payloads import check_query

if TYPE_CHECKING:
    from simulator.network import Network


def check_hook(net: Network) -> dict[str, Any]:
    """Ask the hook. It is ``ok`` when it gives back exactly the random string."""
    echo = str(secrets.randbelow(10**18))
    query = check_query(net.settings, echo, timestamp=net.clock.timestamp())
    url = f"{net.settings.wechat_hook}?{query}"
    try:
        answer = requests.get(url, timeout=net.settings.wechat_timeout, allow_redirects=False)
    except requests.RequestException as error:
        return {"ok": False, "why": type(error).__name__}
    return {"ok": answer.ok and answer.content == echo.encode(), "status": answer.status_code}
