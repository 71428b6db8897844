"""One JSON line per request on stderr: method, path pattern, status, time, user id; never what was typed."""

import json
import logging
import sys
import traceback
from time import perf_counter
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, g, request

_REQUESTS = "marketplace.requests"


def setup_logs(app: Flask) -> None:
    """Write our own lines and silence the development server's, which would hold query strings."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _configure()
    log = structlog.get_logger(_REQUESTS)

    @app.before_request
    def _start() -> None:
        g.started = perf_counter()

    @app.after_request
    def _write(response: Response) -> Response:
        actor = g.get("actor")
        log.info(
            "request",
            method=request.method,
            path=_pattern(),
            status=response.status_code,
            ms=round((perf_counter() - g.get("started", perf_counter())) * 1000, 1),
            user=actor.user_id if actor else None,
        )
        return response

    def log_exception(failure: Any) -> None:
        log.error("failure", method=request.method, path=_pattern(), **_where(failure))

    app.log_exception = log_exception  # type: ignore[method-assign,assignment]


def _pattern() -> str | None:
    return request.url_rule.rule if request.url_rule else None


def _where(failure: tuple[type[BaseException], BaseException, TracebackType | None]) -> dict[str, Any]:
    """Kind and place of a failure; its message stays out, because it may quote what was typed."""
    kind, _error, trace = failure
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    return {"kind": f"{kind.__module__}.{kind.__qualname__}", "frames": frames[-12:]}


def _configure() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # ASCII only: line breaks and terminal escapes in a value stay escaped.
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ],
        logger_factory=_stderr_logger,
        cache_logger_on_first_use=False,
    )


def _stderr_logger(*_names: str) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)
