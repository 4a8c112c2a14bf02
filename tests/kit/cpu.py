"""Runs a command and prints what CPU it took, with its children: ``python tests/kit/cpu.py COMMAND …``."""

from __future__ import annotations

import os
import resource
import subprocess
import sys


def main(command: list[str]) -> int:
    """The command's own exit status; a line on what it took goes to stderr."""
    status = subprocess.run(command, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    total, cores = used.ru_utime + used.ru_stime, os.cpu_count() or 1
    sys.stderr.write(f"CPU: {total:.1f} s in all, {total / cores:.1f} s a core on {cores} cores\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
