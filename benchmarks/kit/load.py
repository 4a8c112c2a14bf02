"""The load client, a process of its own: N keep-alive connections, each asks again when answered.

``python -m kit.load`` reads one JSON object from stdin (host, port, seconds, warm_up, concurrency, limit,
sealed, per_sender) and writes one to stdout. Requests are made before the clock starts; answers are
judged after it stopped, so neither counts.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from kit import pushes

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
NUMBER = re.compile(rb"\d\d-\d{4}-\d{4,6}")
SEALED = re.compile(rb"<Encrypt><!\[CDATA\[([^\]]+)")


@dataclass(slots=True)
class Line:
    """One connection and the answer being read on it."""

    sock: socket.socket
    sent_at: float = 0.0
    buffer: bytes = b""


@dataclass(slots=True)
class Run:
    """What was seen: (when answered, how long it took) and the answers, in the same order."""

    times: list[tuple[float, float]] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    broken: int = 0


def whole(buffer: bytes) -> bool:
    """Whether a response is complete (ours always name their length)."""
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = LENGTH.search(head)
    return len(body) >= int(length[1]) if length else False


def drive(ready: list[bytes], address: tuple[str, int], *, concurrency: int, seconds: float) -> Run:
    """Send from ``ready`` until the time is over or none is left; wait for what is on its way."""
    run, selector = Run(), selectors.DefaultSelector()
    pending = iter(ready)
    busy = 0
    deadline = time.perf_counter() + seconds

    def ask(line: Line) -> bool:
        request = next(pending, None) if time.perf_counter() < deadline else None
        if request is None:
            return False
        line.buffer, line.sent_at = b"", time.perf_counter()
        line.sock.sendall(request)
        return True

    for _ in range(concurrency):
        line = Line(socket.create_connection(address, timeout=30))
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line.sock, selectors.EVENT_READ, line)
        busy += ask(line)
    while busy:
        events = selector.select(timeout=30)
        if not events:
            run.broken += busy
            break
        for key, _ in events:
            line = key.data
            data = line.sock.recv(65536)
            line.buffer += data
            if not data:
                run.broken += 1
                busy -= 1
                selector.unregister(line.sock)
            elif whole(line.buffer):
                now = time.perf_counter()
                run.times.append((now, now - line.sent_at))
                run.answers.append(line.buffer)
                busy -= not ask(line)
    return run


def readable(answer: bytes) -> bytes:
    """The answer's body as WeChat would show it."""
    body = answer.partition(b"\r\n\r\n")[2]
    sealed = SEALED.search(body)
    return pushes.unseal(sealed[1].decode()) if sealed else body


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def summary(run: Run, started: float, warm_up: float) -> dict[str, float]:
    """The figures of what was answered after the warm-up, and the judgement over all answers."""
    kept = [(at, took) for at, took in run.times if at >= started + warm_up]
    span = (kept[-1][0] - started - warm_up) if kept else float("nan")
    took = [each for _, each in kept]
    accepted = [readable(answer) for answer in run.answers if answer.startswith(b"HTTP/1.1 200")]
    return {
        "per_second": len(kept) / span,
        "p50_ms": quantile(took, 0.5) * 1000,
        "p99_ms": quantile(took, 0.99) * 1000,
        "max_ms": max(took, default=float("nan")) * 1000,
        "answered": len(run.answers),
        "accepted": len(accepted),
        "broken": run.broken,
        "numbered": sum(NUMBER.search(text) is not None for text in accepted),
        "texts": sum(b"<Content>" in text for text in accepted),
    }


def main() -> None:
    job = json.load(sys.stdin)
    shape = pushes.Shape(sealed=job["sealed"], per_sender=job["per_sender"])
    seconds = job["seconds"] + job["warm_up"]
    ready = list(pushes.requests(shape, host=job["host"], count=int(job["limit"] * seconds)))
    started = time.perf_counter()
    run = drive(ready, (job["host"], job["port"]), concurrency=job["concurrency"], seconds=seconds)
    figures = summary(run, started, job["warm_up"])
    # With several messages a sender the first ones open an inquiry each, the others are added to it.
    figures["senders"] = pushes.senders(shape, len(run.times))
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
