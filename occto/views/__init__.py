"""PAGES of members, applicants and the public."""

from flask import Flask

from occto.views import auth, changes, dev, health, home, join, mandates, member, public


def register(app: Flask) -> None:
    """Hang the pages into `app`; the demo's own only in demo mode."""
    for module in (public, auth, join, home, member, changes, mandates, health):
        app.register_blueprint(module.pages)
    if app.config["DEMO"]:
        app.register_blueprint(dev.pages)
