"""The passive reply: a text whose content cannot break the XML, cut where it is least noticed.

wechatpy's ``TextReply`` puts text into CDATA unchanged: ``]]>`` would end it, and a control character would make
WeChat show its own error to the person (1.8.18, measured 2026-11-23).
"""

from __future__ import annotations

import json
import unicodedata

from wechatpy.replies import TextReply

from adapters._wechat.push_body import ILLEGAL

JOINER = "\u200d"
MAX_CLUSTER = 32
"""The most characters to go back. A longer pile of marks is no emoji and may be cut."""


def clean(text: str) -> str:
    """The text without characters that XML or WeChat refuses. Every line ends in one line feed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return ILLEGAL.sub("", text)


def fit_bytes(text: str, limit: int) -> str:
    """The longest beginning of at most ``limit`` UTF-8 bytes that ends between two visible characters."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text
    cut = len(encoded[:limit].decode("utf-8", "ignore"))
    return text[: _boundary(text, cut)]


def split_bytes(text: str, limit: int) -> list[str]:
    """Parts of at most ``limit`` bytes each, broken after a line or a sentence where there is one."""
    parts = []
    while text:
        head = fit_bytes(text, limit)
        if len(head) < len(text):
            head = head[: _sentence_end(head)] or head
        parts.append(head.strip("\n"))
        text = text[len(head) :] if head else ""
    return [part for part in parts if part.strip()]


def _sentence_end(text: str) -> int:
    """The place to break: after the last line or sentence in the second half, else at the end."""
    for marks in ("\n", "。！？!?；;", "，, "):
        place = max(text.rfind(mark) for mark in marks) + 1
        if place > len(text) // 2:
            return place
    return len(text)


def _boundary(text: str, cut: int) -> int:
    for place in range(cut, max(cut - MAX_CLUSTER, 0), -1):
        if not _inside_cluster(text, place):
            return place
    return cut


def _inside_cluster(text: str, place: int) -> bool:
    following, before = text[place], text[place - 1]
    if JOINER in {following, before} or unicodedata.category(following) in {"Mn", "Me"}:
        return True
    if "\U0001f3fb" <= following <= "\U0001f3ff":  # skin tones
        return True
    return _is_flag(following) and _flags_before(text, place) % 2 == 1


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, place: int) -> int:
    start = place
    while start and _is_flag(text[start - 1]):
        start -= 1
    return place - start


def render(text: str, *, to: str, sender: str, seconds: int, as_json: bool = False) -> str:
    """A text reply in the format of the push."""
    if as_json:
        fields = {"ToUserName": to, "FromUserName": sender, "CreateTime": seconds}
        return json.dumps({**fields, "MsgType": "text", "Content": text}, ensure_ascii=False)
    reply = TextReply(target=_cdata(to), source=_cdata(sender), content=_cdata(text), time=seconds)
    return str(reply.render())


def _cdata(text: str) -> str:
    """The text for one CDATA section. Its end mark is divided over two sections, which reads the same."""
    return text.replace("]]>", "]]]]><![CDATA[>")
