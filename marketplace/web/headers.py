"""Security and cache headers, set in one place for every answer."""

from flask import Flask, Response, current_app, request, session

from marketplace.config import Settings
from marketplace.web.guard import is_public
from marketplace.web.site import static_version

# Everything is named and shut. default-src stays 'self' because Firefox counts the drawn signs (svg use) under it.
POLICY = "; ".join(
    (
        "default-src 'self'",
        # One script of our own: static/js/posting.js.
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'none'",
        "connect-src 'self'",
        "media-src 'none'",
        "object-src 'none'",
        "frame-src 'none'",
        "worker-src 'none'",
        "manifest-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
COMMON = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # The CSRF check on HTTPS reads the referrer of our own pages; other sites learn nothing.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
_YEAR = 365 * 24 * 3600
_PUBLIC_SECONDS = 60
PRIVATE = "private, no-store"


def setup_headers(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer; HSTS only where the site is reached over HTTPS."""

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in COMMON.items():
            response.headers.setdefault(name, value)
        if settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
        _set_cache(response)
        return response


def _set_cache(response: Response) -> None:
    if request.endpoint == "static":
        response.headers["Cache-Control"] = _static_cache(response)
    elif "Cache-Control" not in response.headers:
        # A cookie chooses the language and the type size.
        response.vary.add("Cookie")
        response.headers["Cache-Control"] = f"public, max-age={_PUBLIC_SECONDS}" if _is_shared(response) else PRIVATE


def _static_cache(response: Response) -> str:
    filename = (request.view_args or {}).get("filename", "")
    named = response.status_code in (200, 304) and request.args.get("v") == static_version(filename)
    return f"public, max-age={_YEAR}, immutable" if named else "public, max-age=300"


def _is_shared(response: Response) -> bool:
    """True for a public page without anything of the reader in it: no session, no form token, no message."""
    view = current_app.view_functions.get(request.endpoint or "")
    return is_public(view) and request.method in ("GET", "HEAD") and response.status_code == 200 and not session
