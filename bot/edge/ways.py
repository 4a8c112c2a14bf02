"""What a channel says of each way out it offers. The delivery ladder takes its rungs from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.edge.messages import Way


@dataclass(frozen=True, slots=True)
class WayOut:
    """One way a channel offers, and under which conditions.

    ``place``: where the rung stands, the smallest first; those in use are in docs/channels.md.
    ``template``: carries a template the platform keeps, never a free text.
    ``brief``: texts go in their short form, because each part costs money.
    ``in_window``: only while the reply window is open, and each message uses up its quota.
    ``consent``: only to a person who subscribed to the template.
    """

    way: Way
    place: int
    template: bool = False
    brief: bool = False
    in_window: bool = False
    consent: bool = False
