"""Photos: nothing hostile is kept, nothing of the file but its pixels, and nobody guesses an address."""

import io
import struct
import time
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image, PngImagePlugin

from marketplace.core.actor import Actor
from marketplace.core.errors import Forbidden, Invalid
from marketplace.core.permissions import Role
from marketplace.db import db, transaction
from marketplace.media import pictures, queries, service
from marketplace.media.files import photo_folder
from marketplace.media.models import Photo
from marketplace.media.pictures import LONGEST_EDGE, clean_picture
from tests.client import Client
from tests.factories import NOW, TREE, actor_for, count_rows, make_user

MARKERS = (b"MARK-EXIF", b"MARK-GPS", b"MARK-XMP", b"MARK-COMMENT", b"MARK-ICC", b"MARK-TRAILER")


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _plain(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    return _encoded(Image.new("RGB", size, "brown"), kind)


def _png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x" * 1000)
    return buffer.getvalue()


def _animated(kind: str, frames: int) -> bytes:
    first, *rest = [Image.new("P", (16, 16), n % 256) for n in range(frames)]
    return _encoded(first, kind, save_all=True, append_images=rest)


def _hostile() -> dict[str, bytes]:
    """Files that are no photo, or lie about being one."""
    jpeg, png, webp = _plain("JPEG"), _plain("PNG"), _plain("WEBP")
    corpus = {
        "empty": b"",
        "one byte": b"\xff",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "html": b"<!doctype html><script>alert(1)</script>",
        "php": b"<?php system($_GET['c']); ?>",
        "shell": b"#!/bin/sh\nrm -rf /\n",
        "javascript": b"alert(document.cookie)",
        "zip": _zip(),
        "gzip": b"\x1f\x8b\x08\x00" + b"\0" * 40,
        "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>",
        "elf": b"\x7fELF" + b"\0" * 60,
        "exe": b"MZ" + b"\0" * 60,
        "fits": b"SIMPLE  =                    T" + b" " * 2850,
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "ico": b"\0\0\1\0\1\0" + b"\0" * 40,
        "psd": b"8BPS\0\1" + b"\0" * 40,
        "tiff": _plain("TIFF"),
        "bmp": _plain("BMP"),
        "gif": _plain("GIF"),
        "gif of many frames": _animated("GIF", 300),
        "ppm": _plain("PPM"),
        "tga": _plain("TGA"),
        "jpeg2000 signature": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 40,
        "heic": b"\0\0\0\x18ftypheic" + b"\0" * 40,
        "avif": b"\0\0\0\x18ftypavif" + b"\0" * 40,
        "text named jpg": "这不是照片".encode(),
        "nul bytes": b"\0" * 5000,
        "random": bytes((n * 7919) % 256 for n in range(5000)),
        "png flood": _png_header(60_000, 60_000),
        "png above the limit": _png_header(8_000, 6_000),
        "png wide": _png_header(2**31 - 1, 1),
        "png nothing": _png_header(0, 0),
        "png bad checksum": png[:-20] + bytes(20),
        "png cut": png[: len(png) // 2],
        "png header alone": png[:33],
        "jpeg cut": jpeg[: len(jpeg) // 2],
        "jpeg header alone": jpeg[:20],
        "jpeg of markers": b"\xff\xd8" + b"\xff\xfe\0\4ab" * 500,
        "jpeg with a wrong length": jpeg[:4] + b"\xff\xff" + jpeg[6:],
        "webp cut": webp[: len(webp) // 2],
        "webp header alone": webp[:16],
        "riff that is a sound": b"RIFF" + struct.pack("<I", 40) + b"WAVE" + b"\0" * 40,
        "too many bytes": b"\xff\xd8" + b"\0" * (10 * 1024 * 1024),
    }
    assert len(corpus) >= 40
    return corpus


HOSTILE = _hostile()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_a_sentence(name: str) -> None:
    """U1, U2: never accepted as it is, never an error of ours; sizes are read from the header."""
    started = time.monotonic()
    with pytest.raises(Invalid) as refused:
        clean_picture(HOSTILE[name])
    assert refused.value.field == "photo"
    assert time.monotonic() - started < 10


def test_polyglot_loses_all_but_its_pixels() -> None:
    """U1: HTML and PHP behind a real JPEG do not come through."""
    hidden = _plain() + b"<script>alert(1)</script><?php phpinfo(); ?>"
    clean = clean_picture(hidden)
    assert b"script" not in clean.full + clean.small
    assert b"php" not in clean.full + clean.small


def _marked(kind: str) -> bytes:
    image = Image.new("RGB", (60, 40), "brown")
    exif = Image.Exif()
    exif[0x010E] = "MARK-EXIF"
    exif.get_ifd(0x8825)[0x001D] = "MARK-GPS"
    options: dict[str, object] = {"exif": exif, "icc_profile": b"MARK-ICC" + b"\0" * 128}
    if kind == "JPEG":
        options |= {"comment": b"MARK-COMMENT", "xmp": b"<x>MARK-XMP</x>"}
    if kind == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_text("Comment", "MARK-COMMENT")
        words.add_itxt("XML:com.adobe.xmp", "MARK-XMP")
        options |= {"pnginfo": words}
    if kind == "WEBP":
        options |= {"xmp": b"<x>MARK-XMP MARK-COMMENT</x>"}
    return _encoded(image, kind, **options) + b"MARK-TRAILER"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_stored_photo_holds_nothing_but_pixels(kind: str) -> None:
    """U3: no EXIF, GPS, XMP, comment, profile or trailing byte of the upload comes through."""
    upload = _marked(kind)
    planted = [marker for marker in MARKERS if marker in upload]
    assert len(planted) >= 4, "the test must plant what it looks for"
    clean = clean_picture(upload)
    for made in (clean.full, clean.small):
        assert not [marker for marker in MARKERS if marker in made]
        with Image.open(io.BytesIO(made)) as again:
            assert again.format == "JPEG"
            assert not again.getexif()
            assert not {"icc_profile", "comment", "exif", "xmp"} & set(again.info)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_reduced_to_its_first_frame(kind: str) -> None:
    """U7: one frame, quickly."""
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "lime")]
    upload = _encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(clean_picture(upload).full)) as again:
        assert getattr(again, "n_frames", 1) == 1
        red, _green, blue = again.getpixel((16, 16))  # type: ignore[misc]
        assert red > 200 > blue


def test_photo_held_sideways_stands_upright() -> None:
    image = Image.new("RGB", (80, 40), "brown")
    exif = Image.Exif()
    exif[0x0112] = 6
    clean = clean_picture(_encoded(image, "JPEG", exif=exif))
    assert (clean.width, clean.height) == (40, 80)


def test_large_photo_is_brought_down_to_the_longest_edge() -> None:
    clean = clean_picture(_plain(size=(4000, 3000)))
    assert (clean.width, clean.height) == (LONGEST_EDGE, LONGEST_EDGE * 3 // 4)
    assert len(clean.small) < len(clean.full)


def test_limits_are_read_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """U2: a flood of pixels is refused on its header."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    with pytest.raises(Invalid, match="40 million"):
        clean_picture(_plain(size=(40, 30)))


def _clerk() -> Actor:
    return actor_for(make_user(Role.VILLAGE_CLERK, division=TREE.village))


def _stored(by: Actor, upload: bytes | None = None) -> Photo:
    with transaction():
        photo = service.store_photo(
            io.BytesIO(upload or _plain()), division=TREE.village, caption="旧炉子", by=by, now=NOW
        )
    return photo


def test_photo_has_a_random_name_and_both_its_files(app: Flask) -> None:
    """U5: at least 128 random bits; the uploader's file name plays no part."""
    by = _clerk()
    one, two = _stored(by), _stored(by)
    assert one.token != two.token
    assert len(one.token) >= 22
    for photo in (one, two):
        assert queries.photo_path(photo).is_file()
        assert queries.photo_path(photo, small=True).is_file()
    assert one.upload_sha256 == two.upload_sha256


def test_rollback_leaves_no_file_behind(app: Flask) -> None:
    """K5: file and row stand or fall together."""
    by = _clerk()
    paths = []

    def fail_after_storing() -> None:
        with transaction():
            photo = service.store_photo(io.BytesIO(_plain()), division=TREE.village, caption="", by=by, now=NOW)
            paths.append(queries.photo_path(photo))
            assert paths[0].is_file()
            raise RuntimeError("the rest of the request failed")

    with pytest.raises(RuntimeError):
        fail_after_storing()
    assert not paths[0].exists()
    assert count_rows(Photo) == 0


def test_sweeper_removes_only_old_files_without_a_row(app: Flask) -> None:
    """K5: what a crash left behind is gone within a day."""
    kept = _stored(_clerk())
    stray = photo_folder.path("A" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"left behind")
    written = stray.stat().st_mtime
    real_now = NOW.fromtimestamp(written, tz=NOW.tzinfo)
    with transaction():
        assert service.sweep_photos(now=real_now + timedelta(hours=1)) == 0
        assert service.sweep_photos(now=real_now + timedelta(hours=25)) == 1
    assert not stray.exists()
    assert queries.photo_path(kept).is_file()


def test_uploader_cannot_approve_the_own_photo(app: Flask) -> None:
    by = _clerk()
    photo = _stored(by)
    with pytest.raises(Forbidden), transaction():
        service.approve_photo(photo, by=by, now=NOW)


def test_month_has_a_quota(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """U2: the five hundred and first megabyte waits for the next month."""
    by = _clerk()
    first = _stored(by)
    monkeypatch.setattr(service, "MOST_BYTES_A_MONTH", first.size_bytes + 10)
    with pytest.raises(Invalid, match="500 MB"):
        _stored(by)


def test_photo_is_served_with_the_headers_of_a_private_file(app: Flask, client: Client) -> None:
    """U6: checked, nosniff, named, never stored by anybody in between."""
    photo = _stored(_clerk())
    client.login(make_user(Role.TOWNSHIP_REVIEWER, division=TREE.township))
    served = client.get(f"/photos/{photo.token}.jpg")
    assert served.status_code == 200
    assert served.mimetype == "image/jpeg"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Cache-Control"] == "private, no-store"
    assert served.headers["Content-Disposition"] == f'inline; filename="{photo.token}.jpg"'
    small = client.get(f"/photos/{photo.token}.jpg?size=small")
    assert len(small.data) <= len(served.data)


def test_public_and_other_villages_get_404_for_a_photo_that_is_not_public(app: Flask, client: Client) -> None:
    """U6, Z2: an address that somebody knows answers like one that nobody has."""
    photo = _stored(_clerk())
    assert client.get(f"/photos/{photo.token}.jpg").status_code == 404
    client.login(make_user(Role.VILLAGE_CLERK, division=TREE.other_village))
    assert client.get(f"/photos/{photo.token}.jpg").status_code == 404


TRICKS = [
    "../../../etc/passwd",
    "..%2f..%2fsettings.json",
    "%2e%2e/settings",
    "....//settings",
    "a" * 32 + "/../x",
    "CON",
    "nul%00",
    "／etc／passwd",
    "．．／x",
    "~root",
    "%c0%ae%c0%ae/x",
    "*" * 32,
    "a" * 5000,
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_path_trick_leaves_the_folder(app: Flask, client: Client, trick: str) -> None:
    """U5: only a token of the right shape ever becomes a path."""
    assert client.get(f"/photos/{trick}.jpg").status_code in (400, 404, 308)
    assert queries.find_photo(trick) is None


def test_guessed_tokens_find_nothing(app: Flask, client: Client) -> None:
    """U5, U6: a thousand guesses, a thousand times 404."""
    _stored(_clerk())
    for number in range(100):
        assert client.get(f"/photos/{number:032d}.jpg").status_code == 404
    assert all(queries.find_photo(f"{number:032x}") is None for number in range(1000))


def test_photos_lie_outside_the_static_folder(app: Flask) -> None:
    photo = _stored(_clerk())
    assert Path(app.static_folder or "") not in queries.photo_path(photo).parents
    assert db.session.get(Photo, photo.id) is not None
