"""Hot topics as they are stored: what is read into the index, which inquiry belongs to which topic, and who was
told.

Everything is read by the primary key or by the index on ``topic_id``, so that the cost follows the window. The
cursor (the last inquiry looked at) is a counter that moves only from the value that was read: of two workers that
looked at the same inquiries, one stores what it found.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Unpack, cast

from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.engine.writes import insert_ignoring, update_row
from store.tables.directory import units
from store.tables.inquiries import inquiries, messages
from store.tables.operations import counters
from store.tables.routing import topics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.routing import ShownTopicRecord, TopicInquiryRecord, TopicRecord, TopicValues

LOOKED = "topics:looked"
READ = select(
    inquiries.c.id,
    inquiries.c.contact_id,
    inquiries.c.received_at,
    inquiries.c.unit_id,
    inquiries.c.state,
    inquiries.c.flags,
    inquiries.c.routing,
    inquiries.c.fold_until,
)


def looked(tx: Tx) -> int:
    """The id of the last inquiry looked at; 0 before the first."""
    return int(tx.conn.execute(select(counters.c.value).where(counters.c.name == LOOKED)).scalar() or 0)


def move_looked(tx: Tx, *, seen: int, to: int) -> bool:
    """Move the cursor. False when another worker moved it meanwhile."""
    if seen == 0:
        statement = (sqlite if tx.sqlite else postgresql).insert(counters).values(name=LOOKED, value=0)
        tx.conn.execute(statement.on_conflict_do_nothing())
    moved = update(counters).where(counters.c.name == LOOKED, counters.c.value == seen).values(value=to)
    return tx.conn.execute(moved).rowcount == 1


def after(tx: Tx, inquiry_id: int, limit: int) -> Sequence[TopicInquiryRecord]:
    """The next inquiries by id, without their texts."""
    query = READ.where(inquiries.c.id > inquiry_id).order_by(inquiries.c.id).limit(limit)
    return cast("Sequence[TopicInquiryRecord]", tx.conn.execute(query).all())


def before(tx: Tx, inquiry_id: int | None, limit: int) -> Sequence[TopicInquiryRecord]:
    """Inquiries in descending order of their ids, from the newest (None) or from below one."""
    query = READ.order_by(inquiries.c.id.desc()).limit(limit)
    return cast(
        "Sequence[TopicInquiryRecord]",
        tx.conn.execute(query if inquiry_id is None else query.where(inquiries.c.id < inquiry_id)).all(),
    )


def texts(tx: Tx, inquiry_ids: Sequence[int]) -> dict[int, str]:
    """What the citizen wrote in each inquiry, in order."""
    said: defaultdict[int, list[str]] = defaultdict(list)
    query = select(messages.c.inquiry_id, messages.c.text).where(
        messages.c.inquiry_id.in_(inquiry_ids), messages.c.direction == literal("in")
    )
    for row in tx.conn.execute(query.order_by(messages.c.id)):
        said[row.inquiry_id].append(row.text)
    return {inquiry_id: "\n".join(parts) for inquiry_id, parts in said.items()}


def members(tx: Tx, since_id: int) -> dict[int, int]:
    """The topic of each inquiry from an id on that belongs to one."""
    query = select(inquiries.c.id, inquiries.c.topic_id).where(
        inquiries.c.topic_id.is_not(None), inquiries.c.id >= since_id
    )
    return {row.id: row.topic_id for row in tx.conn.execute(query)}


def assign(tx: Tx, topic_id: int | None, inquiry_ids: Sequence[int]) -> None:
    """Store that these inquiries belong to a topic, or to none. That is no change of the inquiry itself: its
    version stays.
    """
    if inquiry_ids:
        tx.conn.execute(update(inquiries).where(inquiries.c.id.in_(inquiry_ids)).values(topic_id=topic_id))


def by_id(tx: Tx, topic_ids: Sequence[int]) -> dict[int, TopicRecord]:
    """The stored topics by id."""
    return {row.id: row for row in tx.conn.execute(select(topics).where(topics.c.id.in_(topic_ids)))}


def add(tx: Tx, key: str, /, **values: Unpack[TopicValues]) -> int:
    """Store a topic. Returns the new id, or the id of the topic that has this key already."""
    made = insert_ignoring(tx, topics, key=key, **values)
    if made is not None:
        return made
    return int(tx.conn.execute(select(topics.c.id).where(topics.c.key == key)).scalar_one())


def change(tx: Tx, topic_id: int, /, **values: Unpack[TopicValues]) -> None:
    """Change a stored topic."""
    update_row(tx, topics, topic_id, **values)


def drop(tx: Tx, topic_id: int, *, told: bool) -> None:
    """Remove a topic that turned out to be none or part of another. One that people were told of is kept without
    members.
    """
    tx.conn.execute(update(inquiries).where(inquiries.c.topic_id == topic_id).values(topic_id=None))
    if told:
        change(tx, topic_id, size=0, citizens=0)
    else:
        tx.conn.execute(delete(topics).where(topics.c.id == topic_id))


SHOWN = (
    select(
        topics,
        units.c.name.label("unit_name"),
        inquiries.c.summary.label("sample_summary"),
        inquiries.c.flags.label("sample_flags"),
    )
    .outerjoin(units, units.c.id == topics.c.unit_id)
    .outerjoin(inquiries, inquiries.c.id == topics.c.sample_id)
)


def shown(tx: Tx, since: datetime, limit: int) -> Sequence[ShownTopicRecord]:
    """The topics that people have written about since a time, those with most citizens first, with the unit's
    name and the sample.
    """
    query = SHOWN.where(topics.c.last_at >= since, topics.c.size > 0)
    return cast(
        "Sequence[ShownTopicRecord]",
        tx.conn.execute(query.order_by(topics.c.citizens.desc(), topics.c.size.desc(), topics.c.id).limit(limit)).all(),
    )


def numbers(tx: Tx, topic_id: int, limit: int) -> list[str]:
    """The numbers of a topic's newest inquiries."""
    query = select(inquiries.c.number).where(inquiries.c.topic_id == topic_id)
    return list(tx.conn.execute(query.order_by(inquiries.c.id.desc()).limit(limit)).scalars())
