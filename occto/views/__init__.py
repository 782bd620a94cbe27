"""PAGES of members, applicants and the public."""

from flask import Flask

from occto.views import (
    account,
    administrators,
    assemblies,
    auth,
    board,
    certificate,
    certificate_check,
    changes,
    dev,
    health,
    holder,
    home,
    join,
    mandates,
    member,
    outside,
    public,
    reception,
    users,
    viewing,
)

PAGES = (
    public,
    auth,
    join,
    home,
    member,
    certificate,
    certificate_check,
    changes,
    administrators,
    outside,
    users,
    mandates,
    holder,
    assemblies,
    board,
    reception,
    account,
    viewing,
    health,
)


def register(app: Flask) -> None:
    """Hang the pages into `app`; the demo's own only in demo mode."""
    for module in PAGES:
        app.register_blueprint(module.pages)
    if app.config["DEMO"]:
        app.register_blueprint(dev.pages)
