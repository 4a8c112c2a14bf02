"""Logs: one JSON object a line, with a fixed event name and fields, and nothing personal
(docs/decisions/0005-what-is-logged-and-kept.md).

Fields may only be numbers, booleans and short words. Anything that could be a person's text, a phone number, an
openid or a secret is replaced before it is written.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import TracebackType

_PERSONAL = re.compile(r"\+?\d{7,}|\bo[A-Za-z0-9_-]{20,}\b|[\u3400-\u9fff]{4,}|://[^/\s]*:[^@\s]*@")
_FOREIGN = re.compile(
    r"[\u3400-\u9fff]+|\d{4,}|\b(?=\w*\d)[\w+/-]{16,}=*|[\w-]*(?:token|secret|key|code|sign\w*)=[^&\s]+"
)
_LONGEST = 200
_OWN = frozenset({"event", "level", "timestamp", "logger"})


def strict(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line of a library, which was written without our rules: its text before values were put in, and that
    cleaned.

    Short numbers (query codes), single Chinese words and anything like a key are removed too.
    """
    fields["event"] = _FOREIGN.sub("[redacted]", str(fields["event"]))
    return fields


def redact(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks personal in every field, whatever the field is called."""
    for name, value in fields.items():
        if name in _OWN and name != "event":
            continue
        fields[name] = clean(value)
    return fields


def clean(value: Any) -> Any:
    """The value in a form fit for a log line."""
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 10_000_000 else "[number]"
    return _PERSONAL.sub("[redacted]", str(value))[:_LONGEST]


def configure_logging(level: str = "INFO") -> None:
    """Send everything through structlog, the lines of libraries too."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, strict],
            use_get_message=False,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _exception_name,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.raiseExceptions = False  # else Python prints a line that it cannot write, with all its values
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("urllib3", "rq", "twilio", "wechatpy", "werkzeug", "alembic"):
        # Their debug and info lines hold URLs with tokens, numbers and texts.
        logging.getLogger(name).setLevel(logging.WARNING)


def _exception_name(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Reduce a traceback, which shows values, to its type."""
    fields.pop("stack_info", None)
    info = fields.pop("exc_info", None)
    info = sys.exc_info() if info is True else info
    if isinstance(info, tuple) and info[0] is not None:
        fields["error"] = info[0].__name__
    elif isinstance(info, BaseException):
        fields["error"] = type(info).__name__
    return fields


def log_crashes() -> None:
    """Log an error that nobody caught like any other line: a traceback's last line quotes whatever the error
    contains.
    """
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _crashed(kind: type[BaseException], _error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    frames = traceback.extract_tb(trace)[-4:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    structlog.get_logger().critical("crashed", error=kind.__name__, at=where)
