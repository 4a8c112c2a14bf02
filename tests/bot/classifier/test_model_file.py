"""What is no model is refused before anything of it is used."""

import hashlib
import json
import struct

import pytest

from bot.classifier import model_file
from bot.classifier.model import Classifier
from bot.edge.errors import ModelUnreadable

HEAD = struct.Struct("<8sI32sI")


def sealed(described, numbers=b"", *, version=model_file.VERSION, magic=b"WZRTMDL\n"):
    return HEAD.pack(magic, version, hashlib.sha256(described + numbers).digest(), len(described)) + described + numbers


def arrays(**shapes):
    return json.dumps({"facts": {}, "arrays": shapes}).encode()


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"", "empty"),
        (b"x", "corrupt"),
        (b"\x80\x04}." * 40, "corrupt"),
        (sealed(b"{}", version=2), "other_version"),
        (sealed(b"{}", magic=b"SOMEBODY"), "corrupt"),
        (sealed(b"{}"), "corrupt"),
        (sealed(b"[]"), "corrupt"),
        (sealed(b"null"), "corrupt"),
        (sealed(b"not json"), "corrupt"),
        (sealed(b"\xff\xfe"), "corrupt"),
        (sealed(b"[" * 100_000), "corrupt"),
        (sealed(b"9" * 10_000), "corrupt"),
        (sealed(arrays()), "corrupt"),
        (sealed(arrays(keys=["u4", [2**62]])), "corrupt"),
        (sealed(arrays(keys=["u4", [-1]])), "corrupt"),
        (sealed(arrays(keys=["u4", [0, 2**62]])), "corrupt"),
        (sealed(arrays(keys=["u4", [2**40, 2**40]])), "corrupt"),
        (sealed(arrays(keys=["u4", [1.5]])), "corrupt"),
        (sealed(arrays(keys=["O", [1]]), b"\0" * 8), "corrupt"),
        (sealed(arrays(keys=["u4", [1]]), b"\0" * 8), "corrupt"),
        (sealed(arrays(keys=["u4"])), "corrupt"),
        (HEAD.pack(b"WZRTMDL\n", model_file.VERSION, b"\0" * 32, 2**32 - 1), "corrupt"),
    ],
)
def test_what_is_no_model_is_refused(broken, why):
    with pytest.raises(ModelUnreadable) as refused:
        Classifier.from_bytes(broken)
    assert refused.value.why == why


def test_a_refusal_quotes_nothing():
    with pytest.raises(ModelUnreadable) as refused:
        Classifier.from_bytes(sealed(b'{"facts": "secret words"}'))
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
