"""For monitors: is the process alive, and is the system ready to serve."""

import shutil
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from occto import clock
from occto.access import permit
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.queries import health

pages = Blueprint("health", __name__)
UNSEALED_FAULT = timedelta(minutes=1)
OUTBOX_FAULT = timedelta(minutes=15)
DISK_FAULT_BYTES = 512 * 1024 * 1024


@pages.get("/healthz")
@permit(Permission.PUBLIC)
def healthz() -> Response:
    return jsonify(status="ok")


@pages.get("/readyz")
@permit(Permission.PUBLIC)
def readyz() -> tuple[Response, int]:
    """200 where all is well, else 503; the body names each check, and nothing of what lies inside."""
    try:
        state = health.state_of_database(db.session())
        now = clock.now()
        checks = {
            "database": True,
            "migrations": state.migration == _head_of_migrations(),
            "sealing": state.oldest_unsealed is None or now - state.oldest_unsealed < UNSEALED_FAULT,
            "outbox": state.oldest_waiting_mail is None or now - state.oldest_waiting_mail < OUTBOX_FAULT,
            "disk": _disk(),
        }
    except SQLAlchemyError:
        db.session.rollback()
        checks = {"database": False}
    ready = all(checks.values())
    words = {name: "ok" if fine else "fault" for name, fine in checks.items()}
    return jsonify(status="ok" if ready else "fault", checks=words), 200 if ready else 503


def _head_of_migrations() -> str | None:
    directory = str(Path(current_app.root_path).parent / "migrations")
    from alembic.script import ScriptDirectory  # imported on first use: monitors alone need it

    return ScriptDirectory(directory).get_current_head()


def _disk() -> bool:
    return shutil.disk_usage(current_app.root_path).free > DISK_FAULT_BYTES
