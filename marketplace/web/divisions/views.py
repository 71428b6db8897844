"""Pages of divisions."""

from flask import Blueprint

bp = Blueprint("divisions", __name__)
