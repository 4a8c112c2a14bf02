"""The catalogue of matters, and how units and catalogue stood after each import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, cast

from sqlalchemy import select, update

from store.engine.writes import insert_row, update_row
from store.tables.directory import catalogue_versions, categories

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.directory import CategoryRecord, CategoryValues, VersionContentRecord, VersionRecord


VERSIONS = select(*(column for column in catalogue_versions.c if column.name != "content"))


def all_categories(tx: Tx, *, active: bool = True) -> Sequence[CategoryRecord]:
    """All categories, by code."""
    query = select(categories).order_by(categories.c.code)
    return cast(
        "Sequence[CategoryRecord]", tx.conn.execute(query.where(categories.c.active) if active else query).all()
    )


def save_category(tx: Tx, code: str, /, **values: Unpack[CategoryValues]) -> None:
    """Insert or change a category by code."""
    row_id = tx.conn.execute(select(categories.c.id).where(categories.c.code == code)).scalar()
    if row_id is None:
        insert_row(tx, categories, code=code, **values)
    else:
        update_row(tx, categories, row_id, **values)


def deactivate(tx: Tx, codes: Collection[str]) -> None:
    """Mark categories that the catalogue no longer has. They stay, because inquiries name them."""
    tx.conn.execute(update(categories).where(categories.c.code.in_(codes)).values(active=False))


def add_version(tx: Tx, *, at: datetime, author: str, source: str, changes: Any, content: Any) -> int:
    """Store how units and categories stand after an import. Returns the version's number."""
    return insert_row(tx, catalogue_versions, at=at, author=author, source=source, changes=changes, content=content)


def versions(tx: Tx, limit: int = 100) -> Sequence[VersionRecord]:
    """The versions without their content, the newest first."""
    return cast(
        "Sequence[VersionRecord]", tx.conn.execute(VERSIONS.order_by(catalogue_versions.c.id.desc()).limit(limit)).all()
    )


def version(tx: Tx, number: int) -> VersionContentRecord | None:
    """One version with its content, or None."""
    return cast(
        "VersionContentRecord | None",
        tx.conn.execute(select(catalogue_versions).where(catalogue_versions.c.id == number)).first(),
    )
