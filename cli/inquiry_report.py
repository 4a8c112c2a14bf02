"""Prints everything known of one inquiry, for ``wenzheng inquiry NUMBER``.

It contains no address, phone, query code or signed link. Officers are named, citizens are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.inquiry.states import LoggedActor
from cli.common import when
from store import decisions, directory, duty_desk, inquiries, outbox, scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from store.engine.transactions import Tx
    from store.records.delivery import MediaRecord, OutboxRecord
    from store.records.inquiries import EventRecord, InquiryRecord
    from store.records.joined import OrderRecord
    from store.records.points import LedgerRecord


def report(tx: Tx, inquiry: InquiryRecord) -> dict[str, Any]:
    """The whole record of an inquiry as data."""
    return {
        **headline(inquiry, directory.unit(tx, inquiry.unit_id).name if inquiry.unit_id else None),
        "due": {
            "at": when(inquiry.due_at),
            "provisional": bool(inquiry.provisional),
            "derivation": [_derived(*step) for step in inquiry.derivation],
        },
        "routing": inquiry.routing,
        "decision": _decision(tx, inquiry.id),
        **_acting(tx, inquiry),
        "rating_reason": inquiry.rating_reason,
        "messages": _messages(tx, inquiry.id),
        "events": [_event(tx, row) for row in inquiries.events_of(tx, inquiry.id)],
        "assignments": [_assignment(tx, row) for row in inquiries.assignments_of(tx, inquiry.id)],
        "deliveries": [_delivery(tx, row) for row in outbox.of_inquiry(tx, inquiry.id)],
        "points": points_of(tx, scores.of_inquiry(tx, inquiry.id)),
    }


def headline(inquiry: InquiryRecord, unit: str | None) -> dict[str, Any]:
    """The line of an inquiry in a list."""
    return {
        "number": inquiry.number,
        "kind": inquiry.kind,
        "state": inquiry.state,
        "channel": inquiry.channel,
        "unit": unit,
        "urgent": bool(inquiry.urgent),
        "summary": inquiry.summary,
        "received_at": when(inquiry.received_at),
        "due_at": when(inquiry.due_at),
        "provisional": bool(inquiry.provisional),
        "answered_at": when(inquiry.answered_at),
        "closed_at": when(inquiry.closed_at),
        "rating": inquiry.rating,
    }


def _acting(tx: Tx, inquiry: InquiryRecord) -> dict[str, Any]:
    """What the router and the duty desk did with the inquiry; other inquiries are named by their numbers."""
    return {
        "category": inquiry.category or None,
        "flags": inquiry.flags or [],
        "reject_code": inquiry.reject_code or None,
        "appeals": inquiry.appeals,
        "merged_into": _number(tx, inquiry.merged_into_id),
        "repeat_of": _number(tx, inquiry.repeat_of_id),
        "linked_to": _number(tx, inquiry.linked_to_id),
        "merged": [row.number for row in duty_desk.merged_into(tx, inquiry.id)],
    }


def _number(tx: Tx, inquiry_id: int | None) -> str | None:
    found = inquiries.find(tx, inquiry_id) if inquiry_id is not None else None
    return found.number if found is not None else None


def _decision(tx: Tx, inquiry_id: int) -> dict[str, Any] | None:
    """The stored decision from which the router learns."""
    row = decisions.of_inquiry(tx, inquiry_id)
    if row is None:
        return None
    return {
        "unit": directory.unit(tx, row.unit_id).name,
        "source": row.source,
        "category": row.category or None,
        "officer": inquiries.officer_name(tx, row.officer_id) or None,
        "at": when(row.at),
    }


def _derived(day: str, counted: int | None, why: str, status: str) -> dict[str, Any]:
    return {"day": day, "counted": counted, "why": why, "status": status}


def _messages(tx: Tx, inquiry_id: int) -> list[dict[str, Any]]:
    media: dict[int, list[MediaRecord]] = {}
    for row in inquiries.media_of(tx, inquiry_id):
        media.setdefault(row.message_id, []).append(row)
    return [
        {
            "at": when(row.created_at),
            "direction": row.direction,
            "kind": row.kind,
            "text": row.text,
            "officer": inquiries.officer_name(tx, row.officer_id) or None,
            "latitude": row.latitude,
            "longitude": row.longitude,
            "media": [_media(item) for item in media.get(row.id, [])],
        }
        for row in inquiries.messages_of(tx, inquiry_id)
    ]


def _media(row: MediaRecord) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "state": row.state,
        "content_type": row.content_type,
        "size": row.size,
        "sha256": row.sha256,
        "code": row.code,
        "attempts": row.attempts,
    }


def _event(tx: Tx, row: EventRecord) -> dict[str, Any]:
    who = inquiries.officer_name(tx, row.actor_id) if row.actor == LoggedActor.OFFICER else None
    return {"at": when(row.at), "name": row.name, "actor": row.actor, "officer": who, "data": row.data}


def _assignment(tx: Tx, row: OrderRecord) -> dict[str, Any]:
    return {
        "unit": row.unit_name,
        "role": row.role,
        "state": row.state,
        "created_at": when(row.created_at),
        "due_at": when(row.due_at),
        "signed_at": when(row.signed_at),
        "signed_by": inquiries.officer_name(tx, row.signed_by) or None,
        "ended_at": when(row.ended_at),
        "ended_by": inquiries.officer_name(tx, row.ended_by) or None,
        "reason": row.reason,
    }


def points_of(tx: Tx, rows: Sequence[LedgerRecord]) -> list[dict[str, Any]]:
    """The lines of the points ledger with the evidence of each. ``reverses`` is the entry that a line takes back."""
    reversed_ids = scores.reversed_ids(tx, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "at": when(row.at),
            "month": row.month,
            "unit": row.unit_code,
            "number": row.number,
            "points": row.hundredths / 100,
            "rule": row.rule,
            "rule_version": row.rule_version,
            "evidence": row.evidence,
            "reverses": row.reverses_id,
            "reversed": row.id in reversed_ids,
            "reason": row.reason,
            "officer": row.actor_code,
        }
        for row in rows
    ]


def _delivery(tx: Tx, row: OutboxRecord) -> dict[str, Any]:
    return {
        **outgoing(row),
        "officer": inquiries.officer_name(tx, row.officer_id) or None,
        "rungs": [
            {
                "at": when(d.at),
                "way": d.way,
                "channel": d.channel,
                "outcome": d.outcome,
                "code": d.code,
                "reason": d.reason,
                "external_id": d.external_id,
                "parts": d.parts,
            }
            for d in outbox.deliveries_of(tx, row.id)
        ],
    }


def outgoing(row: OutboxRecord) -> dict[str, Any]:
    """A row of the outbox without its params, which contain codes and links."""
    return {
        "id": row.id,
        "key": row.key,
        "to": "officer" if row.officer_id else "citizen",
        "state": row.state,
        "way": row.way,
        "failed_ways": row.failed_ways,
        "priority": row.priority,
        "attempts": row.attempts,
        "created_at": when(row.created_at),
        "not_before": when(row.not_before),
        "updated_at": when(row.updated_at),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The record as lines for a terminal."""
    unit = found["unit"] or "no unit yet"
    yield f"{found['number']}  {found['state']}  {unit}  received {found['received_at']}"
    yield f"due {found['due']['at']}{' (provisional)' if found['due']['provisional'] else ''}"
    for step in found["due"]["derivation"]:
        yield f"  {step['day']}  {step['counted'] or '-'}  {step['why']}  {step['status']}"
    yield from _desk_lines(found)
    yield from _message_lines(found)
    yield "assignments"
    for a in found["assignments"]:
        yield f"  {a['created_at']}  {a['unit']}  {a['state']}  signed by {a['signed_by'] or '-'}"
    for p in found["points"]:
        yield f"  points {p['points']:+.2f}  {p['rule']}  {p['unit']}  {p['at']}"
    yield "events"
    for e in found["events"]:
        yield f"  {e['at']}  {e['name']}  {e['officer'] or e['actor']}"
    yield from _delivery_lines(found)


def _message_lines(found: dict[str, Any]) -> Iterator[str]:
    yield "messages"
    for m in found["messages"]:
        media = "".join(f" [{item['kind']} {item['state']}]" for item in m["media"])
        yield f"  {m['at']}  {m['direction']:3}  {m['kind']}{media}  {m['text']}"


def _delivery_lines(found: dict[str, Any]) -> Iterator[str]:
    yield "deliveries"
    for d in found["deliveries"]:
        yield f"  {d['created_at']}  {d['key']}  to {d['officer'] or d['to']}  {d['state']}"
        for r in d["rungs"]:
            yield f"    {r['at']}  {r['way']}  {r['outcome']}  {r['code']} {r['reason']}".rstrip()


def _desk_lines(found: dict[str, Any]) -> Iterator[str]:
    for name in ("category", "reject_code", "merged_into", "repeat_of", "linked_to"):
        if found[name]:
            yield f"{name.replace('_', ' ')} {found[name]}"
    for name in ("flags", "merged"):
        if found[name]:
            yield f"{name} {' '.join(found[name])}"
    if found["decision"]:
        yield f"decided {found['decision']['unit']}  {found['decision']['source']}"
