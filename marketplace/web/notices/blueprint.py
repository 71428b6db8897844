"""The blueprint of notices; public pages and the desk's register themselves on it."""

from flask import Blueprint

bp = Blueprint("notices", __name__)
