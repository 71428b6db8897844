"""The pages: public, donor's (/my) and staff's (/desk)."""

from flask import Flask

from marketplace.config import Settings
from marketplace.web.accounts.views import bp as accounts
from marketplace.web.disclosure.views import bp as disclosure
from marketplace.web.divisions.views import bp as divisions
from marketplace.web.donors.views import bp as donors
from marketplace.web.fulfilment.views import bp as fulfilment
from marketplace.web.guard import check_every_view, public
from marketplace.web.home.views import bp as home
from marketplace.web.households.views import bp as households
from marketplace.web.matching.views import bp as matching
from marketplace.web.media.views import bp as media
from marketplace.web.needs.views import bp as needs
from marketplace.web.pledges.views import bp as pledges
from marketplace.web.review.views import bp as review
from marketplace.web.statistics.views import bp as statistics

BLUEPRINTS = (
    home,
    accounts,
    divisions,
    households,
    media,
    needs,
    review,
    donors,
    pledges,
    fulfilment,
    disclosure,
    statistics,
    matching,
)


def register_web(app: Flask, settings: Settings) -> None:
    """Put every page into the application and refuse to start while one does not say who may call it."""
    public(app.view_functions["static"])
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    check_every_view(app)
