"""What mypy alone must find: rows in each other's place, columns and states that do not exist, states as bare text.

Each fault stands beside the line as it should be. mypy runs once, over two files made of them: one holds what is
right and must pass, one holds what is wrong and must fail at those lines and no others.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from sqlalchemy.dialects import sqlite

from bot.text.keys import TextKey
from docs import check_types
from tests.test_guards import SOURCES, name_of, tree_of

ROOT = Path(__file__).resolve().parent.parent

HEAD = """\
from __future__ import annotations

from typing import TYPE_CHECKING

from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentEvent, AssignmentRole, AssignmentState, Event, State
from handlers.inquiry.linked_matters import answer_linked
from handlers.inquiry.transitions import Author, move, move_order
from handlers.notices.notify import to_unit
from store import inquiries, people, requests

if TYPE_CHECKING:
    from datetime import datetime

    from bot.directory.units import Role
    from handlers.inquiry.acting_officer import ActingOfficer
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord, UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord, UnitRequestRecord


def work(
    acting: ActingOfficer,
    tx: Tx,
    inquiry: InquiryRecord,
    order: OrderRecord,
    request: UnitRequestRecord,
    officer: OfficerRecord,
    unit: UnitRecord,
    by: Author,
    now: datetime,
) -> None:
"""


class Fault(NamedTuple):
    """One line, right and wrong, and what mypy says of the wrong one."""

    right: str
    wrong: str
    says: str


FAULTS = [
    # Rows in each other's place.
    Fault(
        "answer_linked(acting, inquiry, order, 'done')",
        "answer_linked(acting, order, inquiry, 'done')",
        'Argument 2 to "answer_linked" has incompatible type "OrderRecord"; expected "InquiryRecord"  [arg-type]\n'
        'Argument 3 to "answer_linked" has incompatible type "InquiryRecord"; expected "OrderRecord"  [arg-type]',
    ),
    Fault(
        "move_order(tx, order, AssignmentEvent.SIGN, signed_at=now)",
        "move_order(tx, request, AssignmentEvent.SIGN, signed_at=now)",
        'Argument 2 to "move_order" has incompatible type "UnitRequestRecord"; expected "OrderRecord"  [arg-type]',
    ),
    # Columns there are none of, or that may be empty.
    Fault(
        "print(inquiry.number)",
        "print(inquiry.numbr)",
        '"InquiryRecord" has no attribute "numbr"; maybe "number"?  [attr-defined]',
    ),
    Fault(
        "print(order.unit_name)",
        "print(order.unitname)",
        '"OrderRecord" has no attribute "unitname"; maybe "unit_name"?  [attr-defined]',
    ),
    Fault(
        "print(inquiry.answered_at and inquiry.answered_at.date())",
        "print(inquiry.answered_at.date())",
        'Item "None" of "datetime | None" has no attribute "date"  [union-attr]',
    ),
    Fault(
        "print(inquiry.urgent)",
        "inquiry.urgent = True",
        'Property "urgent" defined in "InquiryRecord" is read-only  [misc]',
    ),
    # What is written, by column and type.
    Fault(
        "inquiries.change(tx, inquiry, closed_at=now)",
        "inquiries.change(tx, inquiry, closedat=now)",
        'Unexpected keyword argument "closedat" for "change"; did you mean "closed_at"?  [call-arg]',
    ),
    Fault(
        "move(tx, inquiry, Event.CLOSE, by, name='closed', closed_at=now)",
        "move(tx, inquiry, Event.CLOSE, by, name='closed', closed_on=now)",
        'Unexpected keyword argument "closed_on" for "move"; did you mean "closed_at"?  [call-arg]',
    ),
    Fault(
        "people.change(tx, 1, state_code='asked')",
        "people.change(tx, 1, state_code=None)",
        'Argument "state_code" to "change" has incompatible type "None"; expected "str"  [arg-type]',
    ),
    # A text there is none of.
    Fault(
        "acting.refuse('staff.bad_unit', names=[])",
        "acting.refuse('staff.bad_unitt', names=[])",
        'Argument 1 to "refuse" of "ActingOfficer" has incompatible type "Literal[\'staff.bad_unitt\']"; '
        f'expected "Literal[{", ".join(map(repr, get_args(TextKey)))}]"  [arg-type]',
    ),
    # States there are none of, another table's, or as bare text.
    Fault(
        "print(inquiry.state == State.ANSWERED)",
        "print(inquiry.state == State.ANSWERD)",
        '"type[State]" has no attribute "ANSWERD"  [attr-defined]',
    ),
    Fault(
        "print(order.state == AssignmentState.SIGNED)",
        "print(order.state == State.IN_PROGRESS)",
        'Non-overlapping equality check (left operand type: "AssignmentState", right operand type: '
        '"Literal[State.IN_PROGRESS]")  [comparison-overlap]',
    ),
    Fault(
        "inquiries.move_assignment(tx, order, AssignmentState.SIGNED)",
        "inquiries.move_assignment(tx, order, 'signd')",
        'Argument 3 to "move_assignment" has incompatible type "str"; expected "AssignmentState"  [arg-type]',
    ),
    Fault(
        "requests.move(tx, request, request.state, note='')",
        "requests.move(tx, request, order.state, note='')",
        'Argument 3 to "move" has incompatible type "AssignmentState"; expected "RequestState"  [arg-type]',
    ),
    Fault(
        "inquiries.add_message(tx, inquiry_id=1, direction=Direction.IN, kind='text', text='', now=now)",
        "inquiries.add_message(tx, inquiry_id=1, direction='inn', kind='text', text='', now=now)",
        'Argument "direction" to "add_message" has incompatible type "str"; expected "Direction"  [arg-type]',
    ),
]


def seeded(path: Path, *, right: bool) -> dict[int, Fault]:
    """Write one file of the faults; its lines by their numbers."""
    lines = [f"    {fault.right if right else fault.wrong}" for fault in FAULTS]
    path.write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    first = HEAD.count("\n") + 1
    return dict(enumerate(FAULTS, start=first))


@pytest.mark.types
def test_mypy_finds_each_seeded_fault_and_nothing_else(tmp_path):
    seeded(tmp_path / "seeded_right.py", right=True)
    wanted = seeded(tmp_path / "seeded_wrong.py", right=False)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            "pyproject.toml",
            "--no-pretty",
            *sorted(tmp_path.glob("*.py")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MYPYPATH": str(ROOT)},
    )
    found = [line for line in run.stdout.splitlines() if ": error: " in line]
    assert [re.sub(r"^.*seeded_", "", line) for line in found] == [
        f"wrong.py:{number}: error: {says}" for number, fault in wanted.items() for says in fault.says.splitlines()
    ], run.stdout + run.stderr


# --- rows have what their types say ---


def prepared_queries():
    """Each ``name: Prepared[SomeRecord] = …`` of the repositories."""
    for path in sorted((ROOT / "store").glob("*.py")):
        module = importlib.import_module(f"store.{path.stem}")
        for name, kind in getattr(module, "__annotations__", {}).items():
            if found := re.fullmatch(r"Prepared\[(\w+Record)\]", kind):
                yield pytest.param(getattr(module, name), found[1], id=f"{path.stem}.{name}")


def columns_of(record: str) -> set[str]:
    for path in (ROOT / "store" / "records").glob("*.py"):
        if kind := getattr(importlib.import_module(f"store.records.{path.stem}"), record, None):
            return {name for base in kind.__mro__ for name, value in vars(base).items() if isinstance(value, property)}
    raise AssertionError(record)


@pytest.mark.parametrize(("query", "record"), [*prepared_queries()])
def test_a_query_gives_every_column_of_its_type(query, record):
    made = query._make(sqlite)
    given = made.selected_columns if made.is_select else made.exported_columns
    assert columns_of(record) == {column.key for column in given}


# --- states as bare text ---

NAMED = {"state", "role", "actor", "direction", "tier", "inquiry_state", "outbox_state", "order_state"}
"""Columns that hold members of an enum. mypy lets one be compared with any text, as its members are texts too."""


def bare_texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return [text for part in getattr(node, "elts", ()) for text in bare_texts(part)]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_state_is_compared_with_bare_text(path):
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(getattr(side, "attr", "") in NAMED for side in sides) and any(map(bare_texts, sides)):
                found.append((node.lineno, ast.unparse(node)))
    assert found == []


# --- what is left to mypy's guess ---


@pytest.mark.parametrize(("anys", "status"), [(199, 0), (201, 1)])
def test_the_share_of_any_has_a_limit(anys, status):
    report = f"""\
   Name   Anys   Exprs   Coverage
---------------------------------
  bot.a     {anys}   10000     98.00%
---------------------------------
  Total     {anys}   10000     98.00%
"""
    assert check_types.status_of(report) == status
