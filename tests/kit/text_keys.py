"""Which texts the code uses, and with what: read from the source, so that no list can lag behind."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from handlers.notices.phrases import about
from handlers.officer.table import TABLE

ROOT = Path(__file__).resolve().parents[2]
CHAT = ("bot", "handlers")
PLACES = (*CHAT, "web", "cli", "app.py", "worker.py")

_NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ABOUT = frozenset(
    about(
        SimpleNamespace(
            number="26-1123-0042",
            query_code="384712",
            provisional=False,
            due_at=_NOW,
            received_at=_NOW,
            state="received",
            summary="",
        )
    )
)

KEY_FIRST = {"reply", "refuse", "Reply", "Hint", "StaffBad"}
CONTROL = {
    "key",
    "once",
    "now",
    "params",
    "urgent",
    "inquiry_id",
    "priority",
    "can_wait",
    "done",
    "address_id",
    "contact_id",
    "state",
    "way",
    "officer_id",
}
FORWARDED = {"to_unit": (ABOUT - {"code"}) | {"url"}, "hand_over": ABOUT | {"unit"}}
"""Functions that take a key and add fields of their own."""

STAFF_BAD = {key: set(fields) for key, fields in TABLE.missing.items()}
"""What ``handlers.officer.commands.bad`` adds to a command that could not be read."""


@dataclass(frozen=True)
class Use:
    """``key`` ends in ``*`` when only its beginning is written; ``names`` are the fields passed."""

    key: str
    names: frozenset[str]
    where: str

    def means(self, key: str) -> bool:
        return key.startswith(self.key[:-1]) if self.key.endswith("*") else key == self.key


def sources(places: tuple[str, ...] = PLACES) -> list[Path]:
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def uses() -> list[Use]:
    """In chat: a page has words of its own for an outcome."""
    return [use for path in sources(CHAT) for use in _uses_in(path)]


def mentioned() -> set[str]:
    """Every string in the source: a key may be named in a table."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sources())
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def event_names() -> set[str]:
    """The events of an inquiry the handlers log."""
    names: set[str] = set()
    for call, _ in _calls(path for path in sources(("handlers",))):
        if _called(call) == "log" and not _of_no_inquiry(call):
            names |= {arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
        if _called(call) in {"hand_over", "move"}:
            names |= {k.value.value for k in call.keywords if k.arg == "name" and isinstance(k.value, ast.Constant)}
    return names


def _of_no_inquiry(call: ast.Call) -> bool:
    return any(isinstance(arg, ast.Constant) and arg.value is None for arg in call.args)


def _calls(paths):
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                function.module = tree
                yield from ((node, function) for node in ast.walk(function) if isinstance(node, ast.Call))


def _uses_in(path: Path) -> list[Use]:
    found = []
    for call, function in _calls([path]):
        called = _called(call)
        keys = [k.value for k in call.keywords if k.arg == "key"]
        keys += call.args[:1] if called in KEY_FIRST else []
        keys += [k.value for k in call.keywords if k.arg == "missing" and called == "number_and_text"]
        for key in (text for expression in keys for text in _strings(expression)):
            lacks = called in {"StaffBad", "number_and_text"}
            names = STAFF_BAD.get(key, set()) if lacks else _passed(call, function, called)
            found.append(Use(key, frozenset(names), f"{path.relative_to(ROOT)}:{call.lineno}"))
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _strings(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_strings(node.body), *_strings(node.orelse)]
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return [f"{node.values[0].value}*"]
    return []


def _passed(call: ast.Call, function: ast.FunctionDef, called: str) -> set[str]:
    names = set(FORWARDED.get(called, ()))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg == "params":
            names |= _names(keyword.value, function)
        elif keyword.arg not in CONTROL and called in KEY_FIRST:
            names.add(keyword.arg)
    return names


def _names(node: ast.expr, function: ast.FunctionDef) -> set[str]:
    """The keys of a dictionary expression: a literal, ``about(...)``, a union, one or another, a local variable,
    or what a function of the same module returns.
    """
    if isinstance(node, ast.Dict):
        return {key.value for key in node.keys if isinstance(key, ast.Constant)}
    if isinstance(node, ast.BinOp):
        return _names(node.left, function) | _names(node.right, function)
    if isinstance(node, ast.IfExp):
        return _names(node.body, function) | _names(node.orelse, function)
    if isinstance(node, ast.Call) and _called(node) == "about":
        return set(ABOUT)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _returned(node.func.id, function)
    return _local(node.id, function) if isinstance(node, ast.Name) else set()


def _returned(name: str, function: ast.FunctionDef) -> set[str]:
    names: set[str] = set()
    for helper in ast.walk(function.module):
        if isinstance(helper, ast.FunctionDef) and helper.name == name:
            helper.module = function.module
            for node in ast.walk(helper):
                if isinstance(node, ast.Return) and node.value is not None:
                    names |= _names(node.value, helper)
    return names


def _local(name: str, function: ast.FunctionDef) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            names |= _names(node.value, function)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _called(node) == "pop" and getattr(node.func.value, "id", "") == name:
            names -= set(_strings(node.args[0]))
    return names
