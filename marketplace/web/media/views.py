"""Photos, each only for those who may see it; a guessed address answers like a missing one."""

from flask import Blueprint, Response, request, send_file

from marketplace.core.errors import NotFound
from marketplace.media import queries
from marketplace.web.guard import current_actor, public

bp = Blueprint("media", __name__)


@bp.get("/photos/<token>.jpg")
@public
def photo(token: str) -> Response:
    """The photo, or with ``?size=small`` its small copy (U6)."""
    found = queries.find_photo(token)
    if found is None or not queries.may_see(found, actor=current_actor()):
        raise NotFound("There is nothing here that you may see.")
    path = queries.photo_path(found, small=request.args.get("size") == "small")
    if not path.is_file():
        raise NotFound("There is nothing here that you may see.")
    response = send_file(path, mimetype="image/jpeg", download_name=f"{token}.jpg", conditional=False)
    response.headers["Content-Disposition"] = f'inline; filename="{token}.jpg"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
