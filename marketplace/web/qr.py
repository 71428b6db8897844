"""QR codes of our own addresses for printed sheets, drawn as SVG without styles."""

import segno
from markupsafe import Markup


def qr_code(address: str) -> Markup:
    """The address as an inline SVG that scales with its box; a quarter of it may be dirty or torn (level Q)."""
    drawn = segno.make(address, error="q").svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704  (made of numbers alone; the address is not in it)
