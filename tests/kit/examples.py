"""How many examples a property test that looks for something rare tries."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> settings:
    """``count``, but with the profile of `make unit` no more than any other test there."""
    if settings.get_current_profile_name() == "unit":
        count = min(count, settings.default.max_examples)
    return settings(max_examples=count, deadline=None)
