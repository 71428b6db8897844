"""Store photos and let them before the public; the only writer of the photo table."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import IO

import sqlalchemy as sa

from marketplace.audit import service as audit
from marketplace.core.actor import Actor
from marketplace.core.errors import Forbidden, Invalid
from marketplace.db import db
from marketplace.media.files import photo_folder
from marketplace.media.models import Photo
from marketplace.media.pictures import LARGEST_UPLOAD, clean_picture

# Stored bytes that one person may add in thirty days.
MOST_BYTES_A_MONTH = 500 * 1024 * 1024
_MONTH = timedelta(days=30)
_TOKEN_BYTES = 24


def store_photo(stream: IO[bytes], *, division: str, caption: str, by: Actor, now: datetime) -> Photo:
    """Keep an upload as a re-encoded JPEG under a random name; not public until a second person approves it.

    The caller's service has checked that ``by`` may act in ``division``. Raises Invalid with field "photo".
    """
    upload = stream.read(LARGEST_UPLOAD + 1)
    picture = clean_picture(upload)
    _ensure_within_quota(by, len(picture.full) + len(picture.small), now=now)
    photo = Photo(
        token=secrets.token_urlsafe(_TOKEN_BYTES),
        upload_sha256=hashlib.sha256(upload).digest(),
        width=picture.width,
        height=picture.height,
        size_bytes=len(picture.full) + len(picture.small),
        division_code=division,
        caption=caption.strip()[:120],
        uploaded_by=by.user_id,
        uploaded_at=now,
    )
    db.session.add(photo)
    db.session.flush()
    photo_folder.write(db.session, photo_folder.path(photo.token), picture.full)
    photo_folder.write(db.session, photo_folder.path(photo.token, small=True), picture.small)
    audit.record(by, "photo.store", subject="photo", subject_id=photo.id, at=now, division=division)
    return photo


def approve_photo(photo: Photo, *, by: Actor, now: datetime) -> None:
    """A second person has seen no face, no document and no address on it: the public may see it."""
    if photo.is_public:
        return
    if by.user_id is None and not by.is_system:
        raise Forbidden("Your role does not allow this.")
    if photo.uploaded_by is not None and photo.uploaded_by == by.user_id:
        raise Forbidden("A photo is checked by somebody who did not take it.")
    photo.is_public = True
    photo.checked_at = now
    photo.checked_by = by.user_id
    audit.record(by, "photo.approve", subject="photo", subject_id=photo.id, at=now, division=photo.division_code)


def hide_photo(photo: Photo, *, by: Actor, now: datetime) -> None:
    """Take a photo off the public pages; the file stays for staff."""
    if not photo.is_public:
        return
    photo.is_public = False
    audit.record(by, "photo.hide", subject="photo", subject_id=photo.id, at=now, division=photo.division_code)


def sweep_photos(*, now: datetime) -> int:
    """Remove files that a crash left without a row; returns how many."""
    return photo_folder.sweep(set(db.session.scalars(sa.select(Photo.token))), now=now)


def _ensure_within_quota(by: Actor, size: int, *, now: datetime) -> None:
    if by.user_id is None:
        return
    recent = sa.select(sa.func.coalesce(sa.func.sum(Photo.size_bytes), 0)).where(
        Photo.uploaded_by == by.user_id, Photo.uploaded_at > now - _MONTH
    )
    if (db.session.scalar(recent) or 0) + size > MOST_BYTES_A_MONTH:
        raise Invalid("You have sent 500 MB of photos in 30 days, which is the most.", field="photo")
