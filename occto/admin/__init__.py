"""SCREENS of staff: Flask-Admin as a window on what the services do."""

from flask import Flask


def register(app: Flask) -> None:
    """Hang the staff screens into `app`."""
    app.extensions["admin_permissions"] = {}
