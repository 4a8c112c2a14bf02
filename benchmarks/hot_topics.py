"""Hot topics of a file of messages: what is found, how well, and what one more message costs.

    python benchmarks/hot_topics.py FILE [--json] [--citizens 5] [--top 20]
    python benchmarks/hot_topics.py [--short] [--json]     # without a file: made-up messages with planted matters

FILE is CSV with the columns id, user, subject, time, detail. The window is the whole file. A known matter
is judged against its keyword rule: every message whose subject or detail contains the name, spacing aside.
With ``--json`` each cluster is a line too, with its member ids; the names in it are the file's own words.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.figures import say

from bot.topics.index import Post, TopicIndex, TopicRules
from bot.topics.ranking import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.topics.ranking import Topic

KNOWN = ("丽发新城", "伊景园滨河苑", "58车贷", "人才购房补贴")
SCHOOL_AND_HOUSING = re.compile(r"A7县.*[学房]", re.DOTALL)
AREAS = re.compile(r"[A-Z]\d*[市区县]")
"""The city, its districts and counties, as the file hides their names."""
SECONDS, F1 = 5.0, 0.95
SAMPLE = 250
BATCH = 20
PASSES = 3
TIMES = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Case:
    """Messages, and the names of matters known to be in them."""

    posts: list[Post]
    wide: frozenset[str]
    known: tuple[str, ...]


def read(path: Path) -> Case:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    posts = [Post(int(row["id"]), row["user"], row["detail"], row["subject"], _moment(row["time"])) for row in rows]
    wide = {name for row in rows for name in AREAS.findall(row["subject"] + row["detail"])}
    return Case(posts, frozenset(wide), KNOWN)


def _moment(text: str) -> datetime:
    for form in TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise SystemExit("a time of no known form")


def planted(count: int) -> Case:
    """Sentences of made-up words, one in forty about one of four matters; as many for every run."""
    rng = random.Random(4)

    def word(size: int) -> str:
        return "".join(chr(0x4E00 + rng.randrange(4000)) for _ in range(size))

    usual = [word(rng.choice((2, 2, 3, 4))) for _ in range(6000)]
    matters = [(word(size), [word(4) for _ in range(6)]) for size in (4, 4, 5, 6)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    posts = []
    for number in range(count):
        said = [rng.choice(usual) for _ in range(rng.randrange(15, 60))]
        if number % 40 < len(matters):
            name, aspects = matters[number % 40]
            said[:2] = [name, rng.choice(aspects), "，", said[0], name]
        breaks = ("", "", "", "，", "的")
        posts.append(
            Post(
                number,
                f"c{rng.randrange(count)}",
                "".join(each + rng.choice(breaks) for each in said),
                "",
                start + timedelta(minutes=10 * number),
            )
        )
    return Case(posts, frozenset(), tuple(name for name, _ in matters))


def built(case: Case, rules: TopicRules) -> tuple[TopicIndex, list[Topic], float]:
    started = time.process_time()
    index = TopicIndex(rules, case.wide)
    for post in case.posts:
        index.add(post)
    found = topics(index, max(post.at for post in case.posts))
    return index, found, time.process_time() - started


def costs(case: Case, rules: TopicRules, stored: list[int]) -> Iterator[dict[str, Any]]:
    """What the next messages cost with so many stored, and what a look at the topics after every few.

    The same messages each time, taken from the end, so that their length does not tell; the best of three
    passes, since other work on the machine only adds.
    """
    fresh, rest = case.posts[-SAMPLE:], case.posts[:-SAMPLE]
    now = max(post.at for post in case.posts)
    first = None
    for size in stored:
        index = TopicIndex(rules, case.wide)
        for post in rest[-size:]:
            index.add(post)
        topics(index, now)
        passes = [one_pass(index, fresh, now) for _ in range(PASSES)]
        each, look = (min(kind) for kind in zip(*passes, strict=True))
        first = first or each
        yield {
            "name": f"hot_topics_message_{size}",
            "value": round(each * 1e6),
            "unit": "us a message",
            "of_the_first": round(each / first, 2),
            "look_ms": round(look * 1000, 1),
        }


def one_pass(index: TopicIndex, fresh: list[Post], now: datetime) -> tuple[float, float]:
    """Seconds a message and seconds a look; the index is left as it was."""
    adding, looks = 0.0, []
    for start in range(0, len(fresh), BATCH):
        begun = time.process_time()
        for post in fresh[start : start + BATCH]:
            index.add(post)
        added = time.process_time()
        topics(index, now)
        adding += added - begun
        looks.append(time.process_time() - added)
    for post in fresh:
        index.remove(post.id)
    return adding / len(fresh), statistics.median(looks)


def judged(case: Case, found: list[Topic]) -> Iterator[dict[str, Any]]:
    """The cluster nearest to each known matter."""
    for name in case.known:
        wanted = {post.id for post in case.posts if name in _closed(post.headline) or name in _closed(post.text)}
        best = max(found, key=lambda topic: _f1(wanted, topic), default=None)
        if best is not None:
            yield {
                "name": f"hot_topics_f1_{name}",
                "value": round(_f1(wanted, best), 3),
                "unit": f"goal {F1}",
                "messages": len(wanted),
                "found": best.size,
                "citizens": best.citizens,
                "within": best.within,
            }


def _closed(text: str) -> str:
    return "".join(text.split())


def _f1(wanted: set[int], topic: Topic) -> float:
    return 2 * len(wanted.intersection(topic.members)) / (len(wanted) + topic.size)


def of_one_county(case: Case, found: list[Topic]) -> dict[str, Any]:
    """Posts on schools and housing of one county, and in how many clusters they are."""
    wanted = {post.id for post in case.posts if SCHOOL_AND_HOUSING.search(f"{post.headline}\n{post.text}")}
    mostly = [topic for topic in found if 2 * len(wanted.intersection(topic.members)) > topic.size and not topic.within]
    held = wanted.intersection(*[set().union(*(topic.members for topic in mostly))])
    return {
        "name": "hot_topics_school_housing_A7县",
        "value": len(mostly),
        "unit": "clusters",
        "messages": len(wanted),
        "in_them": len(held),
    }


def sanity(case: Case, found: list[Topic]) -> dict[str, Any]:
    """No cluster of everything: the largest, and what part of all messages is in any."""
    whole = [topic for topic in found if not topic.within]
    held = {member for topic in whole for member in topic.members}
    return {
        "name": "hot_topics_clusters",
        "value": len(whole),
        "unit": "clusters",
        "narrower": len(found) - len(whole),
        "largest_share": round(max(t.size for t in whole) / len(case.posts), 3),
        "messages_in_any": round(len(held) / len(case.posts), 3),
    }


def cluster(rank: int, topic: Topic) -> dict[str, Any]:
    return {
        "cluster": rank,
        "key": topic.key,
        "words": topic.words,
        "citizens": topic.citizens,
        "size": topic.size,
        "first": f"{topic.first_at:%Y-%m-%d}",
        "last": f"{topic.last_at:%Y-%m-%d}",
        "within": topic.within,
        "sample": topic.sample,
        "members": topic.members,
    }


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, clusters with their members too")
    parser.add_argument("--short", action="store_true", help="1,000 against 2,000 stored")
    parser.add_argument("--citizens", type=int, default=5, help="distinct citizens of a cluster at least [5]")
    parser.add_argument("--top", type=int, default=20, help="clusters shown to people [20]")
    return parser.parse_args()


def main() -> int:
    """0; 1 when a known matter was not found as one cluster."""
    options = read_options()
    case = read(options.file) if options.file else planted(2300 if options.short else 4300)
    rules = TopicRules(window=timedelta(days=36500), most=10**9, citizens=options.citizens)
    _, found, seconds = built(case, rules)
    figures = [
        {
            "name": "hot_topics_seconds",
            "value": round(seconds, 2),
            "unit": "s on one core",
            "goal": SECONDS,
            "messages": len(case.posts),
            "us_a_message": round(seconds / len(case.posts) * 1e6),
        },
        *costs(case, rules, [1000, 2000] if options.short else [1000, 2000, 4000]),
        *judged(case, found),
        sanity(case, found),
        *([of_one_county(case, found)] if options.file else []),
    ]
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False) if options.json else say(figure), flush=True)
    for rank, topic in enumerate(found if options.json else found[: options.top], 1):
        shown = cluster(rank, topic)
        print(
            json.dumps(shown, ensure_ascii=False, default=list)
            if options.json
            else f"{rank:4} {topic.citizens:4} citizens {topic.size:4} messages  "
            f"{'  ' * bool(topic.within)}{' '.join(topic.words)}"
        )
    return int(any(figure["value"] < F1 for figure in figures if figure["name"].startswith("hot_topics_f1_")))


if __name__ == "__main__":
    sys.exit(main())
