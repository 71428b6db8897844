"""Write many photos at once, for the demonstration; a picture that is used again is stored as one more link to it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from marketplace.db import db
from marketplace.db.many import inserted_ids
from marketplace.media.files import photo_folder
from marketplace.media.models import Photo
from marketplace.media.pictures import Picture


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One photo of a place; public once ``checked_by`` has looked at it."""

    token: str
    picture: Picture
    upload_sha256: bytes
    division_code: str
    caption: str
    uploaded_by: int
    uploaded_at: datetime
    checked_by: int | None = None
    checked_at: datetime | None = None


def insert_photos(rows: Sequence[PhotoRow]) -> list[int]:
    """Insert photos and write their files; the ids in the order of ``rows``.

    Where the transaction is rolled back, files stay without a row until the sweep removes them.
    """
    if not rows:
        return []
    files: dict[int, Path] = {}
    for row in rows:
        _write(row, files)
    values = [
        {
            "token": row.token,
            "upload_sha256": row.upload_sha256,
            "width": row.picture.width,
            "height": row.picture.height,
            "size_bytes": len(row.picture.full) + len(row.picture.small),
            "division_code": row.division_code,
            "caption": row.caption,
            "uploaded_by": row.uploaded_by,
            "uploaded_at": row.uploaded_at,
            "checked_by": row.checked_by,
            "checked_at": row.checked_at,
            "is_public": row.checked_by is not None,
        }
        for row in rows
    ]
    return inserted_ids(db.session, Photo, values)


def _write(row: PhotoRow, files: dict[int, Path]) -> None:
    for content, small in ((row.picture.full, False), (row.picture.small, True)):
        path = photo_folder.path(row.token, small=small)
        path.parent.mkdir(parents=True, exist_ok=True)
        first = files.setdefault(id(content), path)
        if first is path:
            path.write_bytes(content)
            continue
        try:
            os.link(first, path)
        except OSError:
            # Not every file system has links.
            path.write_bytes(content)
