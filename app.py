"""What gunicorn and `flask --app app` load."""

import sys

from flask import Flask

from config import ConfigurationError
from occto import create_app as _create_app


def create_app() -> Flask:
    """The application of this environment; where that is not safe to start, one line says why, and nothing starts."""
    try:
        return _create_app()
    except ConfigurationError as error:
        sys.exit(f"設定に問題があるため、起動できません。{error}")
