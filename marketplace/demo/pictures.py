"""Photos drawn by the program: a thing on a plain ground, with 演示 across it, so that none passes for a real photo."""

import hashlib
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageDraw

from marketplace.core.kinds import NeedCategory
from marketplace.media.pictures import Picture, clean_picture

_WIDTH, _HEIGHT = 640, 480
_SCALE = 10
_INK = (52, 64, 60)
_GROUNDS = ((232, 226, 210), (214, 222, 220), (226, 214, 206), (222, 226, 206))
_PAINTS = ((158, 59, 46), (44, 92, 82), (178, 128, 52), (72, 92, 132))
_C = NeedCategory
_PAINT, _PALE = "paint", "pale"
_PALE_RGB = (248, 246, 240)

# Each thing on a sheet of 64 x 48: (shape, coordinates, fill).
_Shape = tuple[str, tuple[int, ...], str]
_THINGS: dict[NeedCategory, tuple[_Shape, ...]] = {
    _C.EDU: (("box", (14, 14, 32, 36), _PAINT), ("box", (32, 14, 50, 36), _PALE), ("line", (36, 20, 46, 20), "")),
    _C.MED: (("box", (16, 14, 48, 38), _PALE), ("box", (29, 18, 35, 34), _PAINT), ("box", (24, 23, 40, 29), _PAINT)),
    _C.DIS: (("disc", (18, 22, 38, 42), _PALE), ("box", (22, 12, 26, 30), _PAINT), ("box", (22, 26, 42, 30), _PAINT)),
    _C.HOU: (
        ("poly", (10, 24, 32, 8, 54, 24), _PAINT),
        ("box", (15, 24, 49, 40), _PALE),
        ("box", (28, 29, 36, 40), ""),
    ),
    _C.WRM: (("box", (10, 16, 54, 24), _PAINT), ("box", (10, 24, 54, 32), _PALE), ("box", (10, 32, 54, 40), _PAINT)),
    _C.DLY: (("poly", (18, 40, 14, 18, 50, 18, 46, 40), _PALE), ("poly", (22, 18, 26, 10, 38, 10, 42, 18), _PAINT)),
    _C.IND: (("disc", (14, 18, 46, 36), _PAINT), ("disc", (42, 14, 54, 26), _PALE), ("box", (18, 34, 22, 42), _PAINT)),
    _C.JOB: (("box", (28, 10, 36, 42), _PALE), ("box", (20, 8, 44, 16), _PAINT)),
    _C.PUB: (
        ("box", (30, 14, 34, 44), ""),
        ("poly", (18, 14, 32, 6, 46, 14), _PAINT),
        ("disc", (27, 12, 37, 20), _PALE),
    ),
    _C.DST: (("poly", (8, 40, 32, 10, 56, 40), _PAINT), ("poly", (26, 40, 32, 24, 38, 40), _PALE)),
    _C.TRN: (
        ("disc", (10, 24, 28, 42), _PALE),
        ("disc", (36, 24, 54, 42), _PALE),
        ("line", (19, 33, 32, 18, 45, 33), ""),
    ),
    _C.CAR: (("box", (22, 8, 42, 42), _PAINT), ("box", (25, 12, 39, 32), _PALE), ("disc", (30, 35, 34, 39), _PALE)),
    _C.LAW: (("box", (18, 8, 46, 42), _PALE), ("line", (23, 16, 41, 16), ""), ("disc", (34, 28, 44, 38), _PAINT)),
}
# 演 and 示 as strokes on sheets of 20 x 20: no font has to be installed.
_SIGNS = (
    (
        (2, 3, 4, 5),
        (1, 8, 3, 10),
        (1, 17, 4, 12),
        (12, 1, 13, 3),
        (6, 7, 6, 4, 19, 4, 18, 7),
        (8, 7, 17, 7),
        (8, 9, 17, 9, 17, 15, 8, 15, 8, 9),
        (8, 12, 17, 12),
        (12, 7, 12, 15),
        (10, 16, 7, 19),
        (15, 16, 18, 19),
    ),
    ((5, 3, 15, 3), (2, 8, 18, 8), (10, 8, 10, 18, 8, 17), (6, 11, 3, 16), (14, 11, 17, 16)),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as the platform keeps it, and the digest of what was drawn."""

    picture: Picture
    sha256: bytes


@dataclass(slots=True)
class Album:
    """Draws each picture once."""

    drawn: dict[tuple[NeedCategory, int], Drawn] = field(default_factory=dict)

    def picture(self, category: NeedCategory, *, variant: int) -> Drawn:
        """One of the pictures for a category; ``variant`` is any whole number."""
        key = (category, variant % len(_PAINTS))
        if key not in self.drawn:
            drawing = _draw(*key)
            self.drawn[key] = Drawn(clean_picture(drawing), hashlib.sha256(drawing).digest())
        return self.drawn[key]


def _draw(category: NeedCategory, variant: int) -> bytes:
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _GROUNDS[variant])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 400, _WIDTH, _HEIGHT), fill=tuple(channel - 24 for channel in _GROUNDS[variant]))
    for shape, coordinates, fill in _THINGS[category]:
        _paint(draw, shape, [number * _SCALE for number in coordinates], fill, _PAINTS[variant])
    _sign(draw)
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _paint(draw: ImageDraw.ImageDraw, shape: str, places: list[int], fill: str, paint: tuple[int, int, int]) -> None:
    colour = {_PAINT: paint, _PALE: _PALE_RGB}.get(fill, _INK)
    match shape:
        case "box":
            draw.rectangle(places, fill=colour, outline=_INK, width=4)
        case "disc":
            draw.ellipse(places, fill=colour, outline=_INK, width=4)
        case "poly":
            draw.polygon(places, fill=colour, outline=_INK, width=4)
        case _:
            draw.line(places, fill=_INK, width=6)


def _sign(draw: ImageDraw.ImageDraw) -> None:
    """演示 in the lower right corner."""
    draw.rectangle((500, 400, 632, 468), fill=_PALE_RGB, outline=_INK, width=3)
    for number, strokes in enumerate(_SIGNS):
        for stroke in strokes:
            left, top = 508 + number * 62, 405
            points = [left + 2.8 * n if i % 2 == 0 else top + 2.8 * n for i, n in enumerate(stroke)]
            draw.line(points, fill=_PAINTS[0], width=5, joint="curve")
