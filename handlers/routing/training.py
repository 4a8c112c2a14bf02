"""The router learns from the desk: it is trained on the desk's decisions, compared, and used only if it is
better.

It runs in a process of its own (``wenzheng model train``, started by the worker at night) and never inside a
worker. The decisions on which models are compared were seen by neither the new model nor the old one. Texts are
masked of personal data first, because a model keeps pieces of what it read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from bot.classifier.model import Classifier, Example, TooFewExamples, evaluate, train
from bot.classifier.states import ModelState
from bot.edge.errors import ModelUnreadable
from bot.text.masking import mask
from handlers.routing.training_hours import HELD_BACK, NEWEST
from handlers.services.cache import read_directory
from store import decisions, models

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.directory.units import Directory
    from bot.routing.keywords import KeywordRouter
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.routing import LessonRecord, ModelRecord

log = structlog.get_logger()
HIDDEN = frozenset({"secret", "accusation"})
"""Inquiries with these flags are not learned from."""
TEXTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result. ``done`` is taken (in use now), refused (no better) or too_few; ``card`` is what is stored."""

    done: str
    model_id: int | None = None
    card: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One decision with its text, when it was made, and how (``store.decisions.record``)."""

    example: Example
    at: datetime
    source: str


def retrain(deps: Deps) -> Outcome:
    """Make a model of all decisions, and put it into use if it is better than what is in use."""
    lessons = deps.store.read(_lessons)
    active = deps.store.read(models.active)
    old = _loaded(deps, active) if active is not None else None
    learned, held = _parted(lessons, active.card.get("until", "") if active is not None and old is not None else "")
    try:
        candidate = train([lesson.example for lesson in learned])
        compared = _compared(deps.router(), candidate, old, [lesson.example for lesson in held], active)
        # The model that goes into use learns from everything, the held-back part included: the comparison is
        # over.
        final = train([lesson.example for lesson in lessons])
    except TooFewExamples as error:
        log.info("model_too_few", decisions=len(lessons), why=str(error))
        return Outcome("too_few", card={"decisions": len(lessons), "why": str(error)})
    return _kept(deps, final, _card(deps, final, lessons, compared), better=bool(compared["better"]))


def _lessons(tx: Tx) -> list[Lesson]:
    """The newest decisions with their texts, the oldest first, each under the unit that does the work today."""
    known = read_directory(tx)
    rows = decisions.newest(tx, NEWEST)
    found: list[Lesson] = []
    for start in range(0, len(rows), TEXTS_AT_ONCE):
        part = rows[start : start + TEXTS_AT_ONCE]
        said = decisions.texts(tx, [row.inquiry_id for row in part])
        found += [lesson for row in part if (lesson := _lesson(row, said.get(row.inquiry_id, ""), known))]
    return found


def _lesson(row: LessonRecord, said: str, known: Directory) -> Lesson | None:
    # A merged unit's decisions count for its successor at once, without waiting for new ones.
    unit = known.successor(row.unit_code)
    if unit is None or unit.code in known.duty_codes or not said.strip():
        return None
    if HIDDEN.intersection(row.flags or ()):
        return None
    # Masked before it is learned from: a model keeps pieces of what it has read.
    return Lesson(Example(mask(said), unit.code), row.at, row.source)


def _loaded(deps: Deps, active: ModelRecord) -> Classifier | None:
    """The model in use; None when it cannot be read, in which case the keywords are in use."""
    data = deps.store.read(lambda tx: models.data_of(tx, active.id))
    try:
        return Classifier.from_bytes(data or b"")
    except ModelUnreadable:
        return None


def _parted(lessons: Sequence[Lesson], until: str) -> tuple[list[Lesson], list[Lesson]]:
    """The decisions the candidate learns from, and those it is compared on: of the decisions made since the model
    in use was trained (or of all, if there is none) every third, but no more than a fifth of all.
    """
    unseen = [index for index, lesson in enumerate(lessons) if lesson.at.isoformat() > until]
    most = max(1, int(len(lessons) * HELD_BACK))
    step = max(3 if len(unseen) < len(lessons) else 1, -(-len(unseen) // most))
    held = set(unseen[step - 1 :: step])
    return [x for i, x in enumerate(lessons) if i not in held], [lessons[i] for i in sorted(held)]


def _compared(
    router: KeywordRouter,
    candidate: Classifier,
    old: Classifier | None,
    held: Sequence[Example],
    active: ModelRecord | None,
) -> dict[str, Any]:
    """Compare both on the part held back. Better is the one that puts more units right at the first place; if
    both are equal, the newer one.
    """
    new = _right(candidate, held)
    before = _right(old, held) if old is not None else _right_by_words(router, held)
    return {
        "with": f"model:{active.id}" if old is not None and active is not None else "keywords",
        "held_back": len(held),
        "right": new,
        "right_before": before,
        # Equal is enough: the newer model knows the units of today.
        "better": bool(held) and new >= before,
        **evaluate(candidate, held),
    }


def _right(model: Classifier, held: Sequence[Example]) -> int:
    guesses = model.guess([(e.headline, e.text) for e in held], top=1, explain=False)
    return sum(bool(first) and first[0].label == e.label for first, e in zip(guesses, held, strict=True))


def _right_by_words(router: KeywordRouter, held: Sequence[Example]) -> int:
    """How often the keywords' first proposal is right, counted even where they would not have decided."""
    found = (router.route(e.text).candidates for e in held)
    return sum(bool(units) and units[0].unit_code == e.label for units, e in zip(found, held, strict=True))


def _chosen_by_words(router: KeywordRouter, lessons: Sequence[Lesson]) -> dict[str, int]:
    """How often the keywords alone would have dispatched, and how often they were right: their record is measured
    too.
    """
    chosen = [(router.route(lesson.example.text).chosen, lesson.example.label) for lesson in lessons]
    return {"chose": sum(unit is not None for unit, _ in chosen), "right": sum(unit == label for unit, label in chosen)}


def _card(deps: Deps, final: Classifier, lessons: Sequence[Lesson], compared: dict[str, Any]) -> dict[str, Any]:
    sources = [lesson.source for lesson in lessons]
    return {
        "made": deps.clock.now().isoformat(),
        "until": max(lesson.at for lesson in lessons).isoformat(),
        "decisions": len(lessons),
        "sources": {name: sources.count(name) for name in sorted(set(sources))},
        "compared": compared,
        "keywords": _chosen_by_words(deps.router(), lessons),
        "thresholds": dict(final.thresholds),
        "model": final.card,
    }


def _kept(deps: Deps, final: Classifier, card: dict[str, Any], *, better: bool) -> Outcome:
    now, data = deps.clock.now(), final.to_bytes()

    def work(tx: Tx) -> int:
        model_id = models.add(tx, data, card, state=ModelState.STANDBY if better else ModelState.REFUSED, now=now)
        if better:
            models.activate(tx, model_id, now)
        return model_id

    model_id = deps.store.write(work)
    log.info(
        "model_trained",
        model=model_id,
        taken=better,
        decisions=card["decisions"],
        right=card["compared"]["right"],
        right_before=card["compared"]["right_before"],
    )
    return Outcome("taken" if better else "refused", model_id, card)
