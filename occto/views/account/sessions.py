"""Own sessions and the history of sign-in (利用規約 3.3/3.4.1)."""

from flask import flash, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.audit_tags import AUDIT_TAGS
from occto.domain.errors import NotFound
from occto.domain.numbers import HIGHEST_ID
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.queries import account as reads
from occto.services import account as verbs
from occto.unit_of_work import run
from occto.views.account.blueprint import acting, me, pages
from occto.views.tools import new_form_id, once, see_other


@pages.get("/sessions")
@permit(Permission.SIGNED_IN)
def sessions() -> str:
    session = db.session()
    found = reads.open_sessions(session, me(), now=clock.now())
    return render_template(
        "account/sessions.html",
        sessions=found,
        own=viewer.session_id,
        others=sum(one.id != viewer.session_id for one in found),
        past=reads.past_sign_ins(session, me()),
        failures=[(failure.at, AUDIT_TAGS[failure.tag][0]) for failure in reads.failures(session, me())],
        form_id=new_form_id(),
    )


@pages.post(f"/sessions/<int(max={HIGHEST_ID}):session_id>/end")
@permit(Permission.SIGNED_IN)
def end_session(session_id: int) -> Response:
    acting()
    try:
        run(verbs.end_session, session_id, actor=actor(), now=clock.now())
    except NotFound:
        if all(one.id != session_id for one in reads.past_sign_ins(db.session(), me())):
            raise
        flash("そのサインインは、すでに終わっています。", "warning")
    else:
        flash("選んだサインインを終えました。", "success")
    return see_other("account.sessions")


@pages.post("/sessions/end-others")
@permit(Permission.SIGNED_IN)
def end_others() -> Response:
    acting()
    ended: list[int] = []

    def act(session: Session) -> str:
        ended.append(verbs.end_others(session, actor=actor(), now=clock.now()))
        return url_for("account.sessions")

    answer = once(act)
    if ended:
        flash(f"ほかの{ended[0]}件のサインインを終えました。", "success")
    return answer
