"""Leaving the pages of a member that somebody of the staff looked at."""

from flask import Blueprint, flash
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, forget_viewer, permit, viewer
from occto.domain.permissions import Permission
from occto.services import viewing
from occto.unit_of_work import run
from occto.views.tools import see_other

pages = Blueprint("viewing", __name__)


@pages.post("/viewing/end")
@permit(Permission.SIGNED_IN)
def end() -> Response:
    """Back to the member in the screens of the office; to the first page for whoever was not looking."""
    seen = None
    if viewer.session_id is not None:
        seen = run(viewing.end_viewing, viewer.session_id, actor=actor(), now=clock.now())
    forget_viewer()
    if seen is None:
        return see_other("home.arrive")
    flash("会員の画面の表示を終えました。", "success")
    return see_other("members.details_view", id=seen)
