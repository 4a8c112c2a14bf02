"""Reads what a platform sent as JSON. It never raises and never gives a text that a database refuses."""

from __future__ import annotations

import json
from typing import Any


def json_object(body: bytes) -> dict[str, Any]:
    """The fields of a JSON object; none for anything else."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def text_field(fields: dict[str, Any], name: str) -> str:
    """A field as text that can be stored; ``""`` when there is none or it is no text."""
    value = fields.get(name, "")
    return storable(value) if isinstance(value, str) else ""


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which JSON can carry and no database takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
