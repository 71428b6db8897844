"""Pages of donors."""

from flask import Blueprint

bp = Blueprint("donors", __name__)
