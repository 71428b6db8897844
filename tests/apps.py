"""Applications that tests make: each gives its connections back, and uses what earlier ones have compiled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import sqlalchemy as sa
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from marketplace.app import create_app
from marketplace.config import Settings
from marketplace.db import db
from marketplace.web.matching.refresh import wait_until_settled


class _Compiled(BytecodeCache):
    """The templates that any test of this process has compiled, by name and content."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


class _LazyRule(Rule):
    """A URL rule whose builder is compiled when an address is first built with it: few tests build more than a few."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_builder = super()._compile_builder
        made: list[Callable[..., tuple[str, str]]] = []

        def build(_self: Rule, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_builder(append_unknown).__get__(self, None))
            return made[0](**values)

        return build


_compiled = _Compiled()
# Compiled statements by kind of database: (what compiled them, the statements).
_statements: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}
Flask.url_rule_class = _LazyRule


def _share_statements(engine: sa.Engine) -> None:
    """Let the engine use what others of its kind have compiled, as the one engine of a server does."""
    dialect, kept = _statements.setdefault(engine.dialect.name, (engine.dialect, {}))
    engine.dialect = dialect
    engine.update_execution_options(compiled_cache=kept)


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """An application whose connections are closed at the end: one left to the garbage collector is a warning."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = _compiled
    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        _share_statements(engine)
    try:
        yield app
    finally:
        # A thread that still ranks holds a connection, which would come back to a pool that nobody closes any more.
        wait_until_settled()
        for engine in engines:
            engine.dispose()
