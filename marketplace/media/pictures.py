"""Turn an upload into a clean JPEG: only known formats, limits before decoding, new pixels, no metadata."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from marketplace.core.errors import Invalid

LARGEST_UPLOAD = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_EDGE = 1600
SMALL_EDGE = 400
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 82
# What Pillow's decoders raise on broken or hostile files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_NOT_A_PHOTO = "This is not a photo that can be read. Take it again, or send a JPEG, PNG or WebP file."


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded photo: JPEG bytes in full and small size, with the full size's pixels."""

    full: bytes
    small: bytes
    width: int
    height: int


def clean_picture(upload: bytes) -> Picture:
    """Decode the first frame of a JPEG, PNG or WebP and paint it anew, at most LONGEST_EDGE pixels a side.

    Raises Invalid for anything larger than the limits or not decodable; the limits are checked on the header.
    """
    if not upload:
        raise Invalid("The file is empty. Choose the photo again.", field="photo")
    if len(upload) > LARGEST_UPLOAD:
        raise Invalid("The photo is larger than 10 MB. Send a smaller one.", field="photo")
    try:
        with Image.open(BytesIO(upload), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise Invalid("The photo has more than 40 million pixels. Send a smaller one.", field="photo")
            return _painted(_upright(opened))
    except Invalid:
        raise
    except _BROKEN as error:
        raise Invalid(_NOT_A_PHOTO, field="photo") from error


def _upright(opened: Image.Image) -> Image.Image:
    """The first frame's pixels as the camera was held, on white where they were see-through."""
    # JPEG decoders can halve while decoding: a large photo then costs little memory.
    opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
    opened.load()
    turned = ImageOps.exif_transpose(opened)
    turned.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    return turned.convert("RGBA") if turned.has_transparency_data else turned.convert("RGB")


def _painted(image: Image.Image) -> Picture:
    # Only pixels are pasted: a new image carries no EXIF, profile, comment or trailing bytes.
    fresh = Image.new("RGB", image.size, "white")
    fresh.paste(image, mask=image if image.mode == "RGBA" else None)
    small = fresh.copy()
    small.thumbnail((SMALL_EDGE, SMALL_EDGE))
    return Picture(_jpeg(fresh), _jpeg(small), *fresh.size)


def _jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
