"""The blueprint of all pages of needs."""

from flask import Blueprint

from marketplace.core.masking import mask_name
from marketplace.needs.wording import short_name

bp = Blueprint("needs", __name__)
# A name in a list of staff: first character and two stars.
bp.add_app_template_filter(mask_name, "masked")
bp.add_app_template_filter(short_name)
