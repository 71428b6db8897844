"""Pages of pledges."""

from flask import Blueprint

bp = Blueprint("pledges", __name__)
