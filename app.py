"""What gunicorn and `flask --app app` load."""

from occto import create_app

__all__ = ["create_app"]
