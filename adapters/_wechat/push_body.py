"""Reads WeChat's push bodies, XML or JSON, into one small tree. Hostile input costs little and raises
``Malformed``.

wechatpy's ``parse_message`` fails on a control character in CDATA, on GBK, and on doubled or nested tags (1.8.18,
measured 2026-11-23). Hence this parser on top of expat.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BODY = 1024 * 1024
"""The greatest size in bytes. WeChat's longest push, an encrypted list of templates, has a few tens of kilobytes."""
MAX_DEPTH = 12
MAX_NODES = 5000

ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that neither XML nor a database text may contain. People do type them: \\x1d comes from some
keyboards.
"""

_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,9}));")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


class Malformed(ValueError):
    """A push that cannot be read. The error contains nothing of it."""


@dataclass(slots=True)
class Node:
    """An element: its children in order, and its text. The text of nested elements counts as its own."""

    children: list[tuple[str, Node]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    has_cdata: bool = False

    @property
    def text(self) -> str:
        """The text of this element and of all below it, without the white space around a CDATA section."""
        return "".join(self.pieces) + "".join(child.text for _, child in self.children)

    def find(self, name: str) -> Node | None:
        """The first child of this name, so that a doubled tag cannot replace it."""
        return next((child for tag, child in self.children if tag == name), None)

    def raw(self, name: str) -> str:
        """The text of a child unchanged; ``""`` when there is none."""
        child = self.find(name)
        return child.text if child else ""

    def get(self, *names: str) -> str:
        """The first text of these children that is not empty, stripped. For names, numbers and ids."""
        return next((text for name in names if (text := self.raw(name).strip())), "")

    def below(self, name: str) -> Iterator[Node]:
        """Every element of this name, at any depth."""
        for tag, child in self.children:
            if tag == name:
                yield child
            yield from child.below(name)


def parse_push(body: bytes) -> Node:
    """The root of an XML or JSON push. Raises Malformed."""
    text = decode(body).lstrip("\ufeff \t\r\n")
    if not text:
        raise Malformed("empty")
    return _parse_json(text) if text[0] in "{[" else _parse_xml(text)


def is_json(body: bytes) -> bool:
    """Whether the push is JSON, in which case the answer must be JSON too."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def decode(body: bytes) -> str:
    """The bytes as text without illegal characters. Tried are UTF-8, UTF-8 with surrogates, GB18030, damaged UTF-8."""
    if len(body) > MAX_BODY:
        raise Malformed("too large")
    return ILLEGAL.sub("", _decode(body))


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_surrogates(body) or _decode_chinese(body)


def _decode_surrogates(body: bytes) -> str:
    """Decode bytes in which each half of a surrogate pair is encoded by itself, as some gateways do. Whole pairs
    become one character.
    """
    try:
        text = body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return ""
    return _join_surrogates(text)


def _join_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _decode_chinese(body: bytes) -> str:
    """Decode GB18030, unless most of it is UTF-8 with a few broken bytes."""
    kept = body.decode("utf-8", "ignore")
    foreign = sum(byte > 0x7F for byte in body)
    if (len(body) - len(kept.encode())) * 4 < foreign:
        return body.decode("utf-8", "replace")
    return body.decode("gb18030", "replace")


# -- XML ---------------------------------------------------------------------------------------


class _Builder:
    def __init__(self) -> None:
        self.root = Node()
        self.stack: list[Node] = []
        self.nodes = 0
        self.in_cdata = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self.nodes += 1
        if len(self.stack) >= MAX_DEPTH or self.nodes > MAX_NODES:
            raise Malformed("too deep or too many elements")
        node = Node()
        if self.stack:
            self.stack[-1].children.append((name, node))
        elif name == "xml":
            self.root = node
        else:
            raise Malformed("root is not xml")
        self.stack.append(node)

    def end(self, _name: str) -> None:
        self.stack.pop()

    def text(self, data: str) -> None:
        node = self.stack[-1]
        if self.in_cdata or not (node.has_cdata and data.isspace()):
            node.pieces.append(data)

    def enter_cdata(self) -> None:
        self.in_cdata = True
        node = self.stack[-1]
        if not node.has_cdata:
            node.has_cdata = True
            node.pieces = [piece for piece in node.pieces if not piece.isspace()]

    def leave_cdata(self) -> None:
        self.in_cdata = False

    def refuse(self, *_args: object) -> None:
        raise Malformed("document type")


def _parse_xml(text: str) -> Node:
    text = _DECLARATION.sub("", text, count=1)  # its encoding no longer holds once decoded
    try:
        return _run_expat(text)
    except expat.ExpatError:
        cleaned = _REFERENCE.sub(_legal_reference, text)
        if cleaned == text:
            raise Malformed("not well-formed") from None
    try:
        return _run_expat(cleaned)
    except expat.ExpatError:
        raise Malformed("not well-formed") from None


def _run_expat(text: str) -> Node:
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartCdataSectionHandler = builder.enter_cdata
    parser.EndCdataSectionHandler = builder.leave_cdata
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    parser.Parse(text.encode(), True)
    return builder.root


def _legal_reference(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    illegal = code > 0x10FFFF or ILLEGAL.match(chr(code)) is not None
    return "" if illegal else match[0]


# -- JSON --------------------------------------------------------------------------------------


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


_AS_WRITTEN: dict[str, Any] = {
    "parse_int": str,
    "parse_float": str,
    "parse_constant": str,
    "object_pairs_hook": _first_wins,
}


def _parse_json(text: str) -> Node:
    try:
        # Numbers stay as written: a MsgId is longer than a float is exact.
        value = json.loads(text, strict=False, **_AS_WRITTEN)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return _node(value, depth=0, budget=[MAX_NODES])


def _node(value: Any, *, depth: int, budget: list[int]) -> Node:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise Malformed("too deep or too many elements")
    if not isinstance(value, dict):
        return Node(pieces=[_scalar(value)])
    node = Node()
    for name, item in value.items():
        for one in item if isinstance(item, list) else (item,):
            node.children.append((name, _node(one, depth=depth + 1, budget=budget)))
    return node


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return ILLEGAL.sub("", _join_surrogates(value))
