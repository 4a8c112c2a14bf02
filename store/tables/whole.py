"""All tables. ``metadata`` imported from here is complete, whichever repositories a process has loaded.

States are short strings whose meaning is defined in ``bot``. Nothing here is personal in clear except for the
texts of messages: addresses are encrypted, beside a keyed hash by which they are found. The migrations in
``store/migrations`` are written from these tables.
"""

from __future__ import annotations

from store.tables import delivery, directory, inquiries, operations, people, points, routing
from store.tables.schema import metadata

__all__ = ["delivery", "directory", "inquiries", "metadata", "operations", "people", "points", "routing"]
