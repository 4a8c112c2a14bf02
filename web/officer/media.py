"""A citizen's picture or recording, for the officer in charge only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, abort, send_file

from bot.delivery.states import MediaState
from store import inquiries

if TYPE_CHECKING:
    from handlers.services.deps import Deps

SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})
"""Types that a browser may show in the page. SVG and HTML are not among them, because they can run scripts."""


def send_stored(deps: Deps, inquiry_id: int, media_id: int) -> Response:
    """The stored file of this inquiry; 404 for any other."""
    rows = deps.store.read(lambda tx: inquiries.media_of(tx, inquiry_id))
    row = next((row for row in rows if row.id == media_id and row.state is MediaState.STORED), None)
    if row is None or not row.path:
        abort(404)
    folder = deps.media_folder.resolve()
    path = (folder / row.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        abort(404)
    kind = (row.content_type or "").partition(";")[0].strip().lower()
    inline = kind in SHOWN
    answer = send_file(
        path,
        mimetype=kind if inline else "application/octet-stream",
        as_attachment=not inline,
        download_name=f"{media_id}.{_suffix(kind)}",
        etag=False,
        conditional=False,
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _suffix(kind: str) -> str:
    known = {
        "image/jpeg": "jpg",
        "audio/amr": "amr",
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
        "video/mp4": "mp4",
        "audio/speex": "spx",
    }
    return known.get(kind) or (kind.removeprefix("image/") if kind in SHOWN else "bin")
