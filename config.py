"""Settings from the environment: every default is safe in production and harmless in public."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EXAMPLE_SECRETS = frozenset(
    {"change-me", "changeme", "secret", "dev", "example", "replace-this-with-a-long-random-value"}
)
MINIMUM_SECRET = 32
VAR = Path(__file__).resolve().parent / "var"


class ConfigurationError(RuntimeError):
    """The environment does not describe a system that may be started; the message says what to set."""


def _secret(env: Mapping[str, str], name: str) -> str:
    """The secret `name`, from the variable itself or from the file named by `<name>_FILE` (mode 0600)."""
    path = env.get(f"{name}_FILE")
    if not path:
        return env.get(name, "")
    file = Path(path)
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigurationError(f"{name}_FILE: {path} is readable by others; run chmod 0600 on it.")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{name}_FILE: {path} cannot be read ({error.strerror}).") from error


def _checked_secret(env: Mapping[str, str], name: str) -> str:
    value = _secret(env, name)
    if len(value) < MINIMUM_SECRET or value.lower() in EXAMPLE_SECRETS:
        raise ConfigurationError(
            f"{name} is missing, shorter than {MINIMUM_SECRET} characters or an example. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return value


def _flag(env: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    return env.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name) or default)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a whole number.") from error


def _database(env: Mapping[str, str]) -> str:
    url = env.get("DATABASE_URL") or f"sqlite:///{VAR / 'occto.db'}"
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _hosts(env: Mapping[str, str], base_url: str) -> list[str]:
    named = [host.strip() for host in env.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
    return named or [urlsplit(base_url).hostname or "localhost", *sorted(LOOPBACK)]


def load(env: Mapping[str, str] = os.environ) -> dict[str, object]:
    """Flask's configuration from the environment `env`.

    Raises ConfigurationError where starting would be unsafe: a missing or example secret, plain http away from loopback.
    """
    demo = _flag(env, "OCCTO_DEMO")
    port = _number(env, "PORT", 8000)
    base_url = (env.get("BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("BASE_URL must be an address such as https://members.example.or.jp")
    secure = parts.scheme == "https"
    public_demo = demo and _flag(env, "OCCTO_DEMO_PUBLIC")
    if not secure and parts.hostname not in LOOPBACK and not public_demo:
        raise ConfigurationError("BASE_URL must begin with https:// unless it names this machine (127.0.0.1).")
    if demo and secure:
        raise ConfigurationError("OCCTO_DEMO=1 is for trying the system out and never runs on an https address.")
    return {
        "DEMO": demo,
        "DEMO_PUBLIC": public_demo,
        "BASE_URL": base_url,
        "SECURE": secure,
        "SECRET_KEY": _checked_secret(env, "SECRET_KEY"),
        "DATA_KEY": _checked_secret(env, "DATA_KEY"),
        "SQLALCHEMY_DATABASE_URI": _database(env),
        "REDIS_URL": env.get("REDIS_URL", ""),
        "TRUSTED_HOSTS": _hosts(env, base_url),
        "TRUSTED_PROXIES": _number(env, "TRUSTED_PROXIES", 0),
        "MAX_CONTENT_LENGTH": 12 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "MAX_FORM_PARTS": 400,
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_TIME_LIMIT": None,  # a form may lie open for a day: the session limits decide, not the token
        "WTF_CSRF_SSL_STRICT": True,
        "BABEL_DEFAULT_LOCALE": "ja",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Tokyo",
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
        "RATELIMIT_STORAGE_URI": env.get("REDIS_URL") or "memory://",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "RATELIMIT_HEADERS_ENABLED": False,
        "MAIL_SERVER": env.get("MAIL_SERVER", ""),
        "MAIL_PORT": _number(env, "MAIL_PORT", 25),
        "MAIL_USERNAME": env.get("MAIL_USERNAME") or None,
        "MAIL_PASSWORD": _secret(env, "MAIL_PASSWORD") or None,
        "MAIL_USE_TLS": _flag(env, "MAIL_USE_TLS"),
        "MAIL_SENDER": env.get("MAIL_SENDER") or "no-reply@members.example",
        "MAIL_TIMEOUT": _number(env, "MAIL_TIMEOUT", 20),
        "CONTACT_PHONE": env.get("CONTACT_PHONE", "03-0000-0000"),
        "CONTACT_MAIL": env.get("CONTACT_MAIL", "members@office.example"),
    }
