"""Applications that tests make: each gives its database connections back."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from marketplace.app import create_app
from marketplace.config import Settings
from marketplace.db import db


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """An application whose connections are closed at the end: one left to the garbage collector is a warning."""
    app = create_app(settings)
    with app.app_context():
        engines = list(db.engines.values())
    try:
        yield app
    finally:
        for engine in engines:
            engine.dispose()
