"""create_app(): settings -> database -> surfaces -> commands; the only module that knows every subject."""

from inspect import iscoroutinefunction

import sqlalchemy as sa
from flask import Flask
from flask_alembic import Alembic
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.accounts import models as _accounts  # noqa: F401  (registers its tables)
from marketplace.allocations import models as _allocations  # noqa: F401
from marketplace.audit.models import AuditEntry
from marketplace.config import Settings
from marketplace.db import Base, db
from marketplace.db.clock import clock
from marketplace.db.session import engine_options, prepare
from marketplace.db.types import keyring
from marketplace.donors import models as _donors  # noqa: F401
from marketplace.fulfilment import models as _fulfilment  # noqa: F401
from marketplace.grievances import fraud_models as _fraud  # noqa: F401
from marketplace.grievances import models as _grievances  # noqa: F401
from marketplace.households import models as _households  # noqa: F401
from marketplace.ledger import models as _ledger  # noqa: F401
from marketplace.matching import models as _matching  # noqa: F401
from marketplace.media import models as _media  # noqa: F401
from marketplace.media.files import photo_folder
from marketplace.needs import models as _needs  # noqa: F401
from marketplace.needs import review_models as _review  # noqa: F401
from marketplace.notices import models as _notices  # noqa: F401
from marketplace.pairings import models as _pairings  # noqa: F401
from marketplace.paths import MIGRATIONS, STATIC, TEMPLATES
from marketplace.pledges import models as _pledges  # noqa: F401
from marketplace.regions import models as _regions  # noqa: F401
from marketplace.relatives import models as _relatives  # noqa: F401
from marketplace.statistics import models as _statistics  # noqa: F401
from marketplace.web import register_web
from marketplace.workdays import models as _workdays  # noqa: F401

alembic = Alembic(metadatas=Base.metadata)
_MEBIBYTE = 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """A ready application; raises where a view does not say who may call it."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    keyring.load(settings.keys)
    photo_folder.use(settings.media_folder)
    app = Flask(
        "marketplace",
        template_folder=str(TEMPLATES),
        static_folder=str(STATIC),
        instance_path=str(settings.instance),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SETTINGS=settings,
        SQLALCHEMY_ENGINES={"default": engine_options(settings.database_url)},
        ALEMBIC={"script_location": str(MIGRATIONS), "file_template": "%%(rev)s"},
        ALEMBIC_CONTEXT={"render_as_batch": True, "compare_type": True, "include_name": _is_a_model},
        MAX_CONTENT_LENGTH=12 * _MEBIBYTE,
        MAX_FORM_MEMORY_SIZE=2 * _MEBIBYTE,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    db.init_app(app)
    # No session is asynchronous: to close none of them would start an event loop in a thread for each request.
    app.teardown_appcontext_funcs = [end for end in app.teardown_appcontext_funcs if not iscoroutinefunction(end)]
    with app.app_context():
        prepare(db.engine)
        alembic.init_app(app)
        _set_clock(settings)
    register_web(app, settings)
    return app


def _is_a_model(name: str | None, kind: str, _parents: object) -> bool:
    """The search index is made by hand for each database; comparing models leaves it out."""
    return kind != "table" or not (name or "").startswith("need_search")


def _set_clock(settings: Settings) -> None:
    """Start the clock; a demonstration's goes on after the last act that it recorded."""
    start = settings.clock_start
    if start is not None and sa.inspect(db.engine).has_table(AuditEntry.__tablename__):
        last = db.session.scalar(sa.select(sa.func.max(AuditEntry.at)))
        start = max(start, last) if last is not None else start
        db.session.rollback()
    clock.start_at(start)
