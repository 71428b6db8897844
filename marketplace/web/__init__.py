"""The pages: public, donor's (/my) and staff's (/desk)."""

from flask import Flask, request
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from marketplace.config import Settings
from marketplace.web.accounts import bp as accounts
from marketplace.web.allocations.views import bp as allocations
from marketplace.web.disclosure.views import bp as disclosure
from marketplace.web.divisions.views import bp as divisions
from marketplace.web.donors.views import bp as donors
from marketplace.web.errors import setup_errors
from marketplace.web.filters import setup_filters
from marketplace.web.fulfilment.views import bp as fulfilment
from marketplace.web.grievances.desk import bp as grievances
from marketplace.web.guard import check_access, check_every_view, public
from marketplace.web.headers import setup_headers
from marketplace.web.home.views import bp as home
from marketplace.web.households.views import bp as households
from marketplace.web.i18n import setup_i18n
from marketplace.web.logs import setup_logs
from marketplace.web.matching.refresh import refresh_after
from marketplace.web.matching.views import bp as matching
from marketplace.web.media.views import bp as media
from marketplace.web.needs.views import bp as needs
from marketplace.web.notices.views import bp as notices
from marketplace.web.pledges.conditions import bp as conditions
from marketplace.web.pledges.views import bp as pledges
from marketplace.web.relatives.views import bp as relatives
from marketplace.web.review.oversight import bp as oversight
from marketplace.web.review.views import bp as review
from marketplace.web.security import setup_security
from marketplace.web.signing_in import setup_signing_in
from marketplace.web.site import setup_site
from marketplace.web.statistics.views import bp as statistics
from marketplace.web.workdays.views import bp as workdays

BLUEPRINTS = (
    home,
    accounts,
    divisions,
    households,
    media,
    needs,
    review,
    oversight,
    relatives,
    workdays,
    donors,
    pledges,
    conditions,
    fulfilment,
    disclosure,
    statistics,
    matching,
    notices,
    grievances,
    allocations,
)


def register_web(app: Flask, settings: Settings) -> None:
    """Put every page into the application and refuse to start while one does not say who may call it."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # Logs first, so that they time everything; access before form tokens, so that strangers learn nothing of forms.
    setup_logs(app)
    setup_i18n(app)
    setup_signing_in(app)
    app.before_request(_check_access)
    setup_security(app, settings)
    setup_headers(app, settings)
    setup_errors(app)
    setup_filters(app)
    setup_site(app, settings)
    app.after_request(refresh_after)
    public(app.view_functions["static"])
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    check_every_view(app)


def _check_access() -> ResponseReturnValue | None:
    return check_access(request.endpoint)
