"""Find photos and their files, each only for those who may see it."""

import re
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from marketplace.core.actor import Actor
from marketplace.core.permissions import Permission
from marketplace.db import db
from marketplace.media.files import photo_folder
from marketplace.media.models import Photo

# A token as store_photo makes it; nothing else ever becomes part of a path.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


def find_photo(token: str) -> Photo | None:
    """The photo with this token, whoever asks; see may_see()."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalar(sa.select(Photo).where(Photo.token == token))


def may_see(photo: Photo, *, actor: Actor) -> bool:
    """Everybody sees a checked public photo; else only staff who read needs of its division."""
    return photo.is_public or actor.can(Permission.NEED_READ, photo.division_code)


def photo_path(photo: Photo, *, small: bool = False) -> Path:
    """Where the photo's file lies."""
    return photo_folder.path(photo.token, small=small)


def public_photos(ids: Collection[int]) -> list[Photo]:
    """Those of the photos that the public may see, oldest first."""
    if not ids:
        return []
    return list(db.session.scalars(sa.select(Photo).where(Photo.id.in_(ids), Photo.is_public).order_by(Photo.id)))
