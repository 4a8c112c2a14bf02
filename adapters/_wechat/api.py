"""WeChat's server interface through wechatpy's client.

wechatpy's own retries are off, because they have no limit (1.8.18: with 40001 answered 60 times it made 61 calls,
tried 2026-11-23). There are time limits, which it lacks by default; the base address is a setting and tokens are
passed in. Every outcome is either the answer or a ``SendError``.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import requests
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from adapters._wechat.errors import error_for
from adapters.kit.http import HTTP_TIMEOUT, http_session, status_error, transport_error
from bot.edge.errors import Ambiguous, Misconfigured, SendError, Temporary

if TYPE_CHECKING:
    from collections.abc import Mapping

# urllib3 writes whole addresses at DEBUG, and WeChat wants the access token in the address.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class ThreadSessions:
    """One ``requests`` session for each thread, since sessions are not safe to share."""

    def __init__(self) -> None:
        self._local = threading.local()

    def get(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = http_session()
        return session

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """The call that wechatpy makes. A redirect is not followed, because it would take the token to another
        host.
        """
        options["allow_redirects"] = False
        return self.get().request(method, url, **options)


class Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client without token handling and without retries."""

    def __init__(self, app_id: str, base_url: str, sessions: ThreadSessions) -> None:
        super().__init__(app_id, "", timeout=HTTP_TIMEOUT, auto_retry=False)
        self.API_BASE_URL = f"{base_url}/cgi-bin/"
        self._http = sessions


class Api:
    """POST calls. ``sends`` tells that a lost answer may hide a message that arrived."""

    def __init__(self, app_id: str, base_url: str, sessions: ThreadSessions) -> None:
        self._client = Client(app_id, base_url, sessions)

    def post(self, path: str, body: Mapping[str, Any], *, token: str | None, sends: bool) -> dict[str, Any]:
        """The answer, whose errcode is 0 or absent. Raises SendError only."""
        lost = Ambiguous if sends else Temporary
        try:
            # wechatpy adds its own token unless the parameters are given, even if empty.
            params: Any = {"access_token": token} if token is not None else ()
            answer = self._client.post(path, params=params, data=dict(body))
        except WeChatClientException as error:
            raise _refused(error) from None
        except requests.RequestException as error:
            raise transport_error(error, lost) from None
        except (ValueError, TypeError, AttributeError):
            raise lost("garbled", "answer not understood") from None
        return _checked(answer, lost, sends=sends)


def _refused(error: WeChatClientException) -> SendError:
    if error.errcode is None:
        status = error.response.status_code if error.response is not None else 0
        if 400 <= status < 500 and status != 429:
            return Misconfigured(f"http_{status}", "interface refused the call")
        # A 5xx of WeChat's gateway comes before the call is processed.
        return status_error(status, lost=Temporary, retry_after=60.0)
    return error_for(int(error.errcode), str(error.errmsg))


def _checked(answer: Any, lost: type[SendError], *, sends: bool) -> dict[str, Any]:
    """The answer as JSON. Anything else, such as a gateway's page, wechatpy returns as the response itself."""
    if not isinstance(answer, dict):
        status = getattr(answer, "status_code", 200)
        if 300 <= status < 400:
            raise Temporary(f"http_{status}", "redirected")
        raise lost("not_json", "a page instead of an answer")
    if sends and "errcode" not in answer:
        raise lost("no_errcode", "answer without errcode")
    return answer
