"""Every table there is: ``metadata`` read from here is whole, whichever repositories a process has loaded.

States are short strings: ``bot`` owns their meaning. Nothing here is personal in clear but message
texts: addresses are encrypted beside a keyed hash for look-up. Migrations in ``store/migrations`` are
written from these tables.
"""

from __future__ import annotations

from store.tables import delivery, directory, inquiries, operations, people, points, routing
from store.tables.schema import metadata

__all__ = ["delivery", "directory", "inquiries", "metadata", "operations", "people", "points", "routing"]
