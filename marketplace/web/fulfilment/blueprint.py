"""The area's blueprint, which its modules of views register with."""

from flask import Blueprint

bp = Blueprint("fulfilment", __name__)
