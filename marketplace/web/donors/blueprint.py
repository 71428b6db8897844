"""The blueprint that the modules of this area share."""

from flask import Blueprint

bp = Blueprint("donors", __name__)
