"""Who may enter. Every route declares a permission; one door asks `domain/permissions.py` before any view runs."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    Flask,
    abort,
    current_app,
    flash,
    g,
    has_request_context,
    jsonify,
    redirect,
    request,
    session,
    url_for,
)
from flask_login import current_user
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as BaseResponse

from occto import clock
from occto.domain.actor import Actor
from occto.domain.permissions import Permission
from occto.extensions import db, login
from occto.queries.viewer import ANONYMOUS, Viewer, load_desk, load_viewer
from occto.services import audit, sign_in
from occto.unit_of_work import run

F = TypeVar("F", bound=Callable[..., Any])
SEEN_EVERY_SECONDS = 300
UNATTENDED = "unattended"
"""A page that asks again by itself says so in its address: nobody's presence is seen in it, and the session runs out."""
_ATTRIBUTE = "occto_permission"
_DESK = "desk"
"""Where the cookie holds the key of a paired desk; never beside a sign-in: each begins with an empty cookie."""


def asking() -> Viewer:
    """Who is asking, as the object itself: for pages that need more than a word of it."""
    return cast(Viewer, current_user._get_current_object()) if has_request_context() else ANONYMOUS  # noqa: SLF001 - Werkzeug's own word for it


viewer: Viewer = cast(Viewer, LocalProxy(asking))
"""Who is asking; looked up once a request, when first needed."""


class UndeclaredRoute(RuntimeError):  # noqa: N818 - named for what it is
    """A route was added without a permission."""


def permit(permission: Permission) -> Callable[[F], F]:
    """Declare who may enter the view below."""

    def declare(view: F) -> F:
        setattr(view, _ATTRIBUTE, permission)
        return view

    return declare


def permission_of(app: Flask, endpoint: str) -> Permission:
    """The permission declared for `endpoint`; raises UndeclaredRoute where there is none."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return Permission.PUBLIC
    declared = app.extensions["admin_permissions"].get(endpoint)  # a screen may need another one than its class
    if declared is None:
        declared = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    if declared is None:
        raise UndeclaredRoute(endpoint)
    return cast(Permission, declared)


def close(app: Flask) -> None:
    """Shut the door: build the map of all endpoints once, failing at start where one has no permission."""
    app.extensions.setdefault("admin_permissions", {})
    app.extensions["permissions"] = {endpoint: permission_of(app, endpoint) for endpoint in app.view_functions}
    login.init_app(app)
    login.request_loader(_viewer_of_request)
    login.anonymous_user = lambda: ANONYMOUS
    app.before_request(_door)


def token_hash(token: str) -> str:
    """What the database keeps of a token of at least 128 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def actor() -> Actor:
    """The stamp for what the viewer does in this request."""
    return asking().actor(request_id=g.request_id, address=request.remote_addr or "")


def forget_viewer() -> None:
    """Look the viewer up anew when next asked: the session has just changed."""
    g.pop("_login_user", None)  # where Flask-Login keeps its answer


def _viewer_of_request(_request: Any) -> Viewer | None:
    token, key = session.get("sid"), session.get(_DESK)
    if isinstance(token, str):
        found = load_viewer(db.session(), token_hash(token), now=clock.now())
    elif isinstance(key, str):
        found = load_desk(db.session(), token_hash(key), now=clock.now())
    else:
        return None
    return found if found.is_authenticated else None


def _door() -> BaseResponse | None:
    if request.endpoint is None:
        return None
    needed = current_app.extensions["permissions"][request.endpoint]
    if needed is Permission.PUBLIC:
        return None
    who = asking()
    if not who.can(needed):
        return _refuse(needed)
    if UNATTENDED not in request.args:
        _touch(who)
    if who.kind == "viewing":
        _note_viewing()
    return None


def _note_viewing() -> None:
    """The access log: what somebody of the staff looks at among a member's pages, before the page leaves."""
    run(
        audit.record_access,
        screen=f"view_as:{request.endpoint}",
        subject_kind="MEMBER",
        subject_ids=[viewer.member_id or 0],
        details=True,
        actor=actor(),
        now=clock.now(),
    )


def _touch(who: Viewer) -> None:
    """Keep the session alive: one short write, at most once in five minutes."""
    now, seen = clock.now(), who.seen_at
    if who.session_id is not None and seen is not None and (now - seen).total_seconds() > SEEN_EVERY_SECONDS:
        run(sign_in.touch_session, who.session_id, now=now)
        forget_viewer()  # the page then says the new end of the session


def _refuse(needed: Permission) -> BaseResponse:
    """Send the viewer to where the way in begins, or 403."""
    if needed is Permission.RECEPTION_DESK:
        return _no_desk()
    if viewer.kind == "half":
        return redirect(url_for("auth.second_factor"), 303)
    if viewer.is_anonymous and needed is Permission.APPLICATION_PAGES:
        _warn_once(
            "申請用のリンクの有効な時間が過ぎたか、まだ開かれていません。メールアドレスを入力して、新しいリンクをお受け取りください。保存した内容は残っています。"
        )
        return redirect(url_for("join.request_link"), 303)
    if viewer.is_anonymous:
        where = request.full_path.rstrip("?") if request.method == "GET" else None
        if request.method != "GET":
            _warn_once("サインインの有効な時間が過ぎました。もう一度サインインしてから操作してください。")
        return redirect(url_for("auth.sign_in", next=where), 303)
    if needed is Permission.HOME and viewer.kind == "member" and viewer.member_id is None:
        return redirect(url_for("auth.choose_company"), 303)
    if needed is Permission.MANDATES_SEE and viewer.can(Permission.MANDATES_PROPOSE):
        return redirect(url_for("mandates.served"), 303)  # a contractor's person has a list of its own
    return abort(403)


def _no_desk() -> BaseResponse:
    """A device that is no desk, or no longer one: to the page where it is paired; its script is told in JSON."""
    if request.is_json or request.accept_mimetypes.best == "application/json":
        told = "この端末は、受付の端末として使えません。受付責任者にお知らせください。"
        answer = jsonify(error="not_paired", message=told)
        answer.status_code = 401 if viewer.is_anonymous else 403
        return answer
    return redirect(url_for("reception.pair"), 303) if viewer.is_anonymous else abort(403)


def _warn_once(sentence: str) -> None:
    """Flash a warning unless it waits already: whoever sends one form after another would fill the cookie up."""
    if ("warning", sentence) not in map(tuple, session.get("_flashes", ())):
        flash(sentence, "warning")


def safe_next(target: str | None) -> str | None:
    """`target` where it is an address inside this site, else None: never a way out (open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) < 32 for c in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target else None


def start_session_cookie(token: str) -> None:
    """Give the browser a new session: whatever was in its cookie before is gone (no fixation)."""
    session.clear()
    session["sid"] = token
    session.permanent = True


def start_desk_cookie(key: str) -> None:
    """Make the browser a paired desk: whatever was in its cookie before is gone."""
    session.clear()
    session[_DESK] = key
    session.permanent = True


def end_session_cookie() -> None:
    """Forget the session in the browser; the row on the server was ended by the verb."""
    session.clear()
