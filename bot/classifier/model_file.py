"""Writes a model as bytes and reads it back: magic, version, checksum, JSON and bare numbers.

A model file is data from outside and may be cut, mixed up or made to harm. Nothing in it can be executed (which
is why it is no pickle), and each size is checked before memory is reserved for it.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.edge.errors import ModelUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

VERSION = 1
LARGEST = 64 * 1024 * 1024

_MAGIC = b"WZRTMDL\n"
_HEAD = struct.Struct("<8sI32sI")  # magic, version, SHA-256 of all that follows, length of the JSON
_TYPES = {"u1": "|u1", "u2": "<u2", "u4": "<u4", "i1": "|i1", "f2": "<f2", "f4": "<f4"}


def pack(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    shapes = {name: [_code(array), list(array.shape)] for name, array in arrays.items()}
    described = json.dumps({"facts": facts, "arrays": shapes}, ensure_ascii=False).encode()
    numbers = b"".join(array.astype(_TYPES[_code(array)], copy=False).tobytes() for array in arrays.values())
    digest = hashlib.sha256(described + numbers).digest()
    return _HEAD.pack(_MAGIC, VERSION, digest, len(described)) + described + numbers


def _code(array: NDArray[Any]) -> str:
    return f"{array.dtype.kind}{array.dtype.itemsize}"


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The facts and arrays of a packed model, read-only. Raises ModelUnreadable."""
    if not data:
        raise ModelUnreadable("empty")
    described, numbers = _checked(data)
    try:
        content = json.loads(described)
        return dict(content["facts"]), _arrays(content["arrays"], numbers)
    # RecursionError: JSON nested a thousand deep.
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise ModelUnreadable("corrupt") from None


def _checked(data: bytes) -> tuple[bytes, bytes]:
    """The JSON part and the numbers, after magic, version, checksum and lengths were found right."""
    if len(data) < _HEAD.size or len(data) > LARGEST:
        raise ModelUnreadable("corrupt")
    magic, version, digest, length = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise ModelUnreadable("corrupt")
    if version != VERSION:
        raise ModelUnreadable("other_version")
    rest = data[_HEAD.size :]
    if length > len(rest) or hashlib.sha256(rest).digest() != digest:
        raise ModelUnreadable("corrupt")
    return rest[:length], rest[length:]


def _arrays(shapes: dict[str, Any], numbers: bytes) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    at = 0
    for name, (code, shape) in shapes.items():
        kind = np.dtype(_TYPES[code])
        if not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ModelUnreadable("corrupt")
        size = math.prod(shape) * kind.itemsize
        if size > len(numbers) - at:
            raise ModelUnreadable("corrupt")
        found[name] = np.frombuffer(numbers, kind, count=math.prod(shape), offset=at).reshape(shape)
        at += size
    if at != len(numbers):
        raise ModelUnreadable("corrupt")
    return found
