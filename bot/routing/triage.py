"""Puts the keyword router's choice and the learned model's together.

Without a model the keywords decide, from the first day on. With one its calibrated confidence decides, against a
threshold chosen for a wanted precision; the keywords go on deciding only where past decisions showed them to be
right, and they propose units the model has never seen. Whatever is flagged goes to a person
(docs/decisions/0014-when-the-machine-dispatches.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bot.directory.units import Directory
    from bot.routing.keywords import KeywordRouter, Routing

SHOWN = 3
BLOCKING = frozenset({"emergency", "self_harm", "secret", "accusation"})
"""Flags that keep an inquiry from being dispatched by itself."""
DISPUTED = 0.2
"""When the model gives the unit chosen by keywords less than this, a person decides."""
TOO_FEW = 30
"""With fewer past decisions than this, the keywords' record says nothing yet."""


class Guess(Protocol):
    """One label the model proposes; ``bot.classifier.model.Guess`` is the implementation."""

    @property
    def label(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def words(self) -> tuple[str, ...]: ...


class Guesser(Protocol):
    """The learned model as far as routing needs it; ``bot.classifier.model.Classifier`` is the implementation."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    def guess(
        self, texts: Sequence[tuple[str, str]], *, top: int = 3, explain: bool = True
    ) -> Sequence[Sequence[Guess]]: ...


@dataclass(frozen=True, slots=True)
class Learned:
    """A model in use. ``name`` is recorded with each verdict; ``keywords`` tells how often the keyword router
    chose, and how often it was right.
    """

    name: str
    guesser: Guesser
    keywords: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit that might be in charge. ``confidence`` is 0 to 1; ``words`` of the text speak for it."""

    unit_code: str
    confidence: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``chosen`` is the code of the lead unit, None for the duty desk.

    ``why`` is learned, or a value of ``bot.routing.keywords.Routing.why``; for the desk also unsure, disputed or
    flagged.
    """

    suggestions: tuple[Suggestion, ...]
    chosen: str | None
    why: str
    places: tuple[str, ...]
    category: str
    source: str

    def record(self) -> dict[str, Any]:
        """The verdict in the form that is stored with the inquiry."""
        return {
            "chosen": self.chosen,
            "why": self.why,
            "places": list(self.places),
            "category": self.category,
            "source": self.source,
            "candidates": [[s.unit_code, round(s.confidence, 3), list(s.words)] for s in self.suggestions],
        }


def judge(
    router: KeywordRouter,
    text: str,
    *,
    learned: Learned | None = None,
    guesses: Sequence[Guess] = (),
    precision: str = "0.98",
    flags: Collection[str] = (),
    accused: Collection[str] = (),
) -> Verdict:
    """Choose the unit for one text. ``guesses`` are the model's for it; the ``accused`` units are never proposed."""
    routing = router.route(text)
    known = _usable(router.directory, guesses, accused)
    suggestions = _ranked(known, routing, accused)
    chosen, why = _decide(routing, known, learned, precision)
    if chosen in accused or not BLOCKING.isdisjoint(flags):
        chosen, why = None, "flagged"
    source = learned.name if learned is not None else "keywords"
    return Verdict(suggestions, chosen, why, routing.places, routing.category, source)


def _usable(directory: Directory, guesses: Sequence[Guess], accused: Collection[str]) -> list[Suggestion]:
    """The model's proposals as units that can take the matter today: a merged unit's probability counts for its
    successor.
    """
    found: dict[str, Suggestion] = {}
    for guess in guesses:
        unit = directory.successor(guess.label)
        if unit is None or unit.code in accused or unit.code in directory.duty_codes or not directory.can_take(unit):
            continue
        before = found.get(unit.code)
        total = guess.confidence + (before.confidence if before else 0.0)
        found[unit.code] = Suggestion(unit.code, min(1.0, total), before.words if before else guess.words)
    return sorted(found.values(), key=_rank)


def _ranked(known: Sequence[Suggestion], routing: Routing, accused: Collection[str]) -> tuple[Suggestion, ...]:
    """The model's proposals by calibrated confidence, filled up with those of the keywords."""
    left = 1.0 - sum(s.confidence for s in known)
    taken = {s.unit_code for s in known} | set(accused)
    total = sum(c.score for c in routing.candidates) or 1.0
    words = [
        Suggestion(c.unit_code, max(0.0, left) * c.score / total * (c.score / (c.score + 1.0)), c.words)
        for c in routing.candidates
        if c.unit_code not in taken
    ]
    return tuple(sorted([*known, *words], key=_rank)[:SHOWN])


def _rank(suggestion: Suggestion) -> tuple[float, str]:
    return -suggestion.confidence, suggestion.unit_code


def _decide(
    routing: Routing, known: Sequence[Suggestion], learned: Learned | None, precision: str
) -> tuple[str | None, str]:
    if learned is None:
        return routing.chosen, routing.why
    threshold = learned.guesser.thresholds.get(precision, 2.0)
    unseen = routing.chosen is not None and routing.chosen not in learned.guesser.labels
    if known and known[0].confidence >= threshold:
        disputed = unseen and routing.chosen != known[0].unit_code
        return (None, "disputed") if disputed else (known[0].unit_code, "learned")
    if routing.chosen is None:
        return None, routing.why if not known else "unsure"
    if not _reliable(learned.keywords, float(precision)):
        return None, "unsure"
    agreed = unseen or _confidence_in(routing.chosen, known) >= DISPUTED
    return (routing.chosen, routing.why) if agreed else (None, "disputed")


def _confidence_in(unit_code: str, known: Sequence[Suggestion]) -> float:
    return next((s.confidence for s in known if s.unit_code == unit_code), 0.0)


def _reliable(keywords: tuple[int, int], precision: float) -> bool:
    """Whether the keyword router may go on choosing: it was not measured yet, or was right as often as is wanted."""
    chose, right = keywords
    return chose < TOO_FEW or right >= precision * chose
