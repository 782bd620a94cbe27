"""What surrounds every request: its id, the security headers, the size of its body, the words in the log."""

import json
import logging
import secrets
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from occto import clock

log = logging.getLogger("occto.http")
_CAMERA_PAGES = "reception."


def csp_nonce() -> str:
    """The nonce of this response, made when first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


class JsonLines(logging.Formatter):
    """One JSON object a line; line breaks in values are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def register(app: Flask) -> None:
    """Wrap every request of `app`."""
    proxies = app.config["TRUSTED_PROXIES"]
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.received_at = clock.now()  # before any lock: what a deadline is compared with
    g.request_id = secrets.token_hex(8)
    g.started = time.perf_counter()
    _ = request.host  # an unknown host is refused here (TRUSTED_HOSTS)
    if "\x00" in request.full_path or _has_surrogate(request.full_path):
        raise BadRequest


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = _policy()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    camera = "(self)" if (request.endpoint or "").startswith(_CAMERA_PAGES) else "()"
    headers["Permissions-Policy"] = f"camera={camera}, microphone=(), geolocation=(), payment=(), usb=()"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if request.endpoint != "static" and not (request.endpoint or "").endswith(".static"):
        headers.setdefault("Cache-Control", "no-store")
    elapsed = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    path, number = _path_for_log(), g.get("request_id")
    log.info("%s %s %s %.1fms id=%s", request.method, path, response.status_code, elapsed, number)
    return response


def _path_for_log() -> str:
    """The path without the secret that a mailed link carries in it."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "-") if token else request.path


def _policy() -> str:
    """Scripts and styles from here alone; those within a page where they carry the nonce of this response."""
    own = f"'self' 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'self'"
    return f"default-src 'none'; script-src {own}; style-src {own}; {_ALWAYS}"


_ALWAYS = "; ".join(
    (
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        "worker-src 'self'",
    )
)
