"""Every edge case of docs/edge-cases.md has a test named after its number (``test_edge_NN_…``).

The adapters' own are in tests/adapters; those of the running app over a real database in tests/edge and
tests/web. This file only sees to it that none is missing or lost in a renaming.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
APP = (TESTS / "edge", TESTS / "web", TESTS / "e2e", TESTS / "faults")
NUMBER = re.compile(r"(?:^test_edge|_and)_(\d{2})(?=_)")
IN_THE_APP = [*range(1, 45), 53, 55, 56, 61, 62, 63]
"""1-8 envelope, 9-14 content, 15-16 repeats, 17-23 people and time, 24-31 WeChat's answers, 32-42 SMS, 43 staff,
44 queue, 53 one matter of many, 55 floods, 56 danger at night, 61-63 answers and storms."""
BY_THE_CLOCK = range(45, 53)
"""45 scheduler, 46-47 days, 48 extensions, 49 returns, 50 points, 51 replies, 52 what is written after closing: over
the real handlers and store."""


@cache
def numbers_in(folder: Path) -> Counter[int]:
    """How many test functions of each number stand under a folder."""
    found: Counter[int] = Counter()
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_edge_"):
                found.update(int(number) for number in NUMBER.findall(node.name))
    return found


@pytest.mark.parametrize("number", IN_THE_APP)
def test_each_edge_case_is_proved_in_the_running_app(number):
    assert sum(numbers_in(folder)[number] for folder in APP) > 0


@pytest.mark.parametrize("number", BY_THE_CLOCK)
def test_each_edge_case_of_deadlines_is_proved_over_the_real_store(number):
    assert numbers_in(TESTS / "handlers")[number] > 0


def test_a_number_that_is_not_there_would_be_missed():
    assert numbers_in(TESTS)[99] == 0
    assert numbers_in(TESTS / "edge")[15] > 1


def test_the_page_lists_every_number_tests_have_and_no_other():
    page = (TESTS.parent / "docs/edge-cases.md").read_text("utf-8")
    listed = [int(number) for number in re.findall(r"^\| (\d{2}) \|", page, re.MULTILINE)]
    assert listed == sorted(numbers_in(TESTS))
