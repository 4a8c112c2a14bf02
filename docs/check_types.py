"""mypy, and a limit on how many expressions may be ``Any``: where a type is ``Any``, mypy checks nothing.

One run does both: ``python docs/check_types.py``, as ``make lint`` does. Ends with mypy's status, or 1 over the limit.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
MOST = 2.0
"""Percent of all expressions. What is left are numpy's sparse matrices, JSON, and SDKs without types."""
SHOWN = 10
NOT_COUNTED = frozenset({"bot.text.keys"})
"""mypy takes each string inside a ``Literal`` for an expression of type ``Any``, and this file is one Literal."""


def main() -> int:
    """Run mypy and look at its report."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mypy", "--any-exprs-report", folder]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        report = Path(folder) / "any-exprs.txt"
        return status or (status_of(report.read_text("utf-8")) if report.exists() else 1)


def status_of(report: str) -> int:
    """``name  anys  expressions  coverage`` in each line, the sum last."""
    rows = [line.split() for line in report.splitlines() if line.rstrip().endswith("%")]
    counted = [(name, int(anys), int(expressions)) for name, anys, expressions, _ in rows]
    _, anys, expressions = counted.pop()
    for name, here, all_here in counted:
        if name in NOT_COUNTED:
            anys, expressions = anys - here, expressions - all_here
    share = 100 * anys / expressions
    print(f"Any: {anys} of {expressions} expressions, {share:.2f} %; at most {MOST} %")  # noqa: T201
    if share <= MOST:
        return 0
    for name, here, _ in sorted(counted, key=lambda row: -row[1])[:SHOWN]:
        print(f"  {here:5} {name}")  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
