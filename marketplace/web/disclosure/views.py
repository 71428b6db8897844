"""Pages of disclosure."""

from flask import Blueprint

bp = Blueprint("disclosure", __name__)
