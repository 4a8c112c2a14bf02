"""The learned router on examples of somebody's desk: how often right, how sure, how fast, how large.

    python benchmarks/routing.py --train FILE --test FILE [--json] [--short] [--seed N]
                                 [--learning-curve] [--cold-start TAXONOMY]

The files are CSV with the columns id, subject, detail, label and are read where they lie. One model answers
three forms: headline and body, the body alone, the headline alone as an SMS's text. Thresholds come out of
the training part; the precision beside a coverage is the one reached on the test part. Speed is that of one
thread, single messages in batches of 100, reading and normalising included.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.figures import say
from threadpoolctl import threadpool_limits

from bot.classifier.model import Classifier, Example, TooFewExamples, evaluate, train
from bot.directory.catalogue import Catalogue, Category, CategoryIndex
from bot.text.reading import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES = (50, 100, 200, 500, 1000, 2000)
SHORT = 1000
BATCH = 100
GOALS = {"full": 0.94, "body": 0.92, "headline": 0.90}
csv.field_size_limit(2**31 - 1)


def read_examples(path: Path) -> list[Example]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [Example(row["detail"], row["label"], row["subject"]) for row in csv.DictReader(file)]


def forms(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """The three ways one matter arrives. A text alone is a text alone: nobody says which kind it is."""
    return {
        "full": list(examples),
        "body": [Example(one.text, one.label) for one in examples],
        "headline": [Example(one.headline, one.label) for one in examples],
    }


def quality(model: Classifier, test: Sequence[Example]) -> Iterator[dict[str, Any]]:
    for form, examples in forms(test).items():
        found = evaluate(model, examples)
        yield {"name": f"routing_macro_f1_{form}", "value": found["macro_f1"], "unit": "", "goal": GOALS[form]}
        yield {"name": f"routing_accuracy_{form}", "value": found["accuracy"], "unit": "", "examples": len(examples)}
        for wanted, reached in found["coverage"].items():
            yield {
                "name": f"routing_coverage_{form}_{wanted[2:]}",
                "value": reached["coverage"],
                "unit": "",
                "precision": reached["precision"],
                "threshold": round(model.thresholds[wanted], 6),
            }


def speed(model: Classifier, test: Sequence[Example], *, seconds: float) -> Iterator[dict[str, Any]]:
    """Messages a second, with the words that decided and without."""
    for form, examples in forms(test).items():
        pairs = [(one.headline, one.text) for one in examples]
        plain = _rate(model, pairs, seconds=seconds, explain=False)
        yield {
            "name": f"routing_speed_{form}",
            "value": round(_rate(model, pairs, seconds=seconds, explain=True)),
            "unit": "/s",
            "without_words": round(plain),
        }


def _rate(model: Classifier, pairs: Sequence[tuple[str, str]], *, seconds: float, explain: bool) -> float:
    done, spent = 0, 0.0
    model.guess(pairs[:BATCH], explain=explain)
    while spent < seconds:
        for first in range(0, len(pairs), BATCH):
            normalise.cache_clear()  # no message comes twice
            batch = pairs[first : first + BATCH]
            started = time.process_time()
            model.guess(batch, explain=explain)
            spent += time.process_time() - started
            done += len(batch)
    return done / spent


def size(model: Classifier, *, trained: float) -> Iterator[dict[str, Any]]:
    data = model.to_bytes()
    started = time.perf_counter()
    Classifier.from_bytes(data)
    yield {
        "name": "routing_model_bytes",
        "value": len(data),
        "unit": "B",
        "read_ms": round((time.perf_counter() - started) * 1000, 1),
        "train_s": round(trained, 1),
    }


def peak_memory(what: str) -> dict[str, Any]:
    """Of this program alone: ``ru_maxrss`` would count the one that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return {"name": f"routing_peak_memory_{what}", "value": round(int(status["VmHWM"].split()[0]) / 1024), "unit": "MB"}


def guessing_memory(data: bytes, options: argparse.Namespace) -> dict[str, Any]:
    """The peak of a process that reads a model and guesses, as a worker does."""
    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(data)
        file.flush()
        command = [sys.executable, __file__, "--guess-with", file.name, "--test", str(options.test), "--json"]
        return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def guess_with(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    model = Classifier.from_bytes(options.guess_with.read_bytes())
    pairs = [(one.headline, one.text) for one in read_examples(options.test)]
    for first in range(0, len(pairs), BATCH):
        model.guess(pairs[first : first + BATCH])
    yield peak_memory("guessing")


def learning_curve(examples: Sequence[Example], test: Sequence[Example], *, seed: int) -> Iterator[dict[str, Any]]:
    """What the first so many decisions of a desk are worth, in one order drawn by the seed."""
    drawn = random.Random(seed).sample(list(examples), len(examples))
    for count in (*(one for one in SIZES if one < len(drawn)), len(drawn)):
        try:
            model = train(drawn[:count], seed=seed)
        except TooFewExamples as few:
            print(f"{count} examples: {few}", file=sys.stderr)
            continue
        for form, part in forms(test).items():
            found = evaluate(model, part)
            reached = found["coverage"]["0.98"]
            yield {
                "name": f"routing_learned_{count}_{form}",
                "value": found["macro_f1"],
                "unit": "macro_f1",
                "coverage_98": reached["coverage"],
                "precision": reached["precision"],
            }


def _catalogue(paths: Sequence[tuple[str, ...]]) -> Catalogue:
    """Numbered two digits a level in the order of appearance, from paths of names."""
    codes: dict[tuple[str, ...], str] = {(): ""}
    children: Counter[tuple[str, ...]] = Counter()
    for path in paths:
        for depth in range(1, len(path) + 1):
            parent, here = path[: depth - 1], path[:depth]
            if here not in codes:
                children[parent] += 1
                codes[here] = f"{codes[parent]}{children[parent]:02}"
    return Catalogue(tuple(Category(code, path[-1]) for path, code in codes.items() if path))


def cold_start(taxonomy: Path, test: Sequence[Example]) -> Iterator[dict[str, Any]]:
    """The catalogue's own words and nothing else, as on the first day; all its first level may be proposed."""
    with taxonomy.open(encoding="utf-8-sig", newline="") as file:
        paths = [(row["level1"], row["level2"], row["level3"]) for row in csv.DictReader(file)]
    index = CategoryIndex(_catalogue(paths))
    labels = {one.label for one in test}
    for form, examples in forms(test).items():
        found = [_matched(index, one, labels) for one in examples]
        right = sum(guess == one.label for (guess, _), one in zip(found, examples, strict=True))
        among = sum(guess == one.label for (_, guess), one in zip(found, examples, strict=True))
        yield {
            "name": f"routing_cold_start_{form}",
            "value": round(right / len(test), 4),
            "unit": "accuracy",
            "among_the_test_labels": round(among / len(test), 4),
        }


def _matched(index: CategoryIndex, one: Example, labels: set[str]) -> tuple[str, str]:
    """The best category of the first level, and the best of those that occur in the test part."""
    matches = index.match(f"{one.headline} {one.text}", level=1, most=100)
    names = [index.catalogue.path(match.code)[0] for match in matches] or [""]
    return names[0], next((name for name in names if name in labels), "")


def run(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    examples, test = read_examples(options.train), read_examples(options.test)
    if options.short:
        examples = random.Random(options.seed).sample(examples, min(SHORT, len(examples)))
    started = time.perf_counter()
    model = train(examples, seed=options.seed)
    trained = time.perf_counter() - started
    yield peak_memory("training")
    yield from quality(model, test)
    yield from speed(model, test, seconds=1 if options.short else 3)
    yield from size(model, trained=trained)
    yield guessing_memory(model.to_bytes(), options)
    if options.learning_curve:
        yield from learning_curve(examples, test, seed=options.seed)
    if options.cold_start:
        yield from cold_start(options.cold_start, test)


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, help="examples to learn from and to choose thresholds in")
    parser.add_argument("--test", type=Path, help="examples to measure on")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help=f"learn from {SHORT} examples")
    parser.add_argument("--learning-curve", action="store_true", help="also from the first 50, 100 ... examples")
    parser.add_argument("--cold-start", type=Path, metavar="TAXONOMY", help="also by level1, level2, level3 alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guess-with", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main() -> int:
    options = read_options()
    if options.test is None or (options.train is None and options.guess_with is None):
        print("routing left out: it needs --train and --test", file=sys.stderr)
        return 0
    with threadpool_limits(1):
        for figure in guess_with(options) if options.guess_with else run(options):
            print(json.dumps(figure) if options.json else say(figure), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
