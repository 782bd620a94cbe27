"""会員情報管理システム: the application, put together from its parts."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask

import config
from occto import access, admin, cli, errors, http, pages, views
from occto.extensions import LateMigrations, babel, csrf, db, limiter, mail, prepare_engine

__all__ = ["create_app"]


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The WSGI application. `settings` override the environment (tests); ConfigurationError where neither is safe."""
    app = Flask(__name__, template_folder="../templates", static_folder="static")
    app.config.from_mapping(settings if settings is not None else config.load())
    _log(app)
    http.register(app)
    _extensions(app)
    errors.register(app)
    pages.register(app)
    views.register(app)
    admin.register(app)
    cli.register(app)
    access.close(app)
    return app


def _log(app: Flask) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(http.JsonLines())
    root = logging.getLogger("occto")
    if not root.handlers:
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        root.propagate = bool(app.config.get("TESTING"))


def _extensions(app: Flask) -> None:
    db.init_app(app)
    app.extensions["migrate"] = LateMigrations(app)
    mail.init_app(app)
    csrf.init_app(app)
    babel.init_app(app)
    _limits(app)
    with app.app_context():
        prepare_engine(db.engine)


def _limits(app: Flask) -> None:
    """Limits are asked for by the views that have one; Flask-Limiter would look for those of every page as well."""
    asked_first = app.before_request_funcs.setdefault(None, [])
    others = list(asked_first)
    limiter.init_app(app)
    asked_first[:] = others
