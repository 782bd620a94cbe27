"""For monitors: is the process alive, and is the system ready to serve."""

import shutil
from datetime import timedelta
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from occto import clock
from occto.access import permit
from occto.domain.codes import MailState
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import OutboxMail
from occto.services.audit import oldest_unsealed

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
        checks = {
            "database": True,
            "migrations": _at_head(),
            "sealing": _sealed(),
            "outbox": _mail_moves(),
            "disk": _disk(),
        }
    except SQLAlchemyError:
        db.session.rollback()
        checks = {"database": False}
    ready = all(checks.values())
    words = {name: "ok" if fine else "fault" for name, fine in checks.items()}
    return jsonify(status="ok" if ready else "fault", checks=words), 200 if ready else 503


def _at_head() -> bool:
    present = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    directory = str(Path(current_app.root_path).parent / "migrations")
    return bool(present == ScriptDirectory(directory).get_current_head())


def _sealed() -> bool:
    oldest = oldest_unsealed(db.session())
    return oldest is None or clock.now() - oldest < UNSEALED_FAULT


def _mail_moves() -> bool:
    waiting = select(func.min(OutboxMail.next_at)).where(OutboxMail.state == MailState.PENDING)
    oldest = db.session.scalar(waiting)
    return oldest is None or clock.now() - oldest < OUTBOX_FAULT


def _disk() -> bool:
    return shutil.disk_usage(current_app.root_path).free > DISK_FAULT_BYTES
