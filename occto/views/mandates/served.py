"""The contractor's side: the mandates that name the person, its own proposals, and proposing one to a member."""

from dataclasses import replace
from typing import Any

from flask import abort, flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.actor import Actor
from occto.domain.codes import MandateState
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.text import half_width_digits
from occto.extensions import db, limiter
from occto.forms.mandates import ProposeForm, with_hints
from occto.mandate_words import ALLOWS, terms_in_words
from occto.queries import mandates as reads
from occto.services.mandates import answering, starting
from occto.services.mandates.checks import member_by_key
from occto.views.mandates.blueprint import pages, through_check
from occto.views.tools import new_form_id, once, see_other


def _person() -> Actor:
    """The stamp of the person alone: proposing is nobody's business but the contractor's own, whatever was chosen."""
    return replace(actor(), member_id=None, mandate_id=None)


@pages.get("/served")
@permit(Permission.MANDATES_PROPOSE)
def served() -> str:
    """What concerns the person at its contractors."""
    session, user_id = db.session(), viewer.user_id or 0
    return render_template(
        "mandates/served.html",
        lines=reads.of_person(session, user_id),
        contractors=reads.contractors_of(session, user_id),
        today=today_jst(clock.now()),
        acting=viewer.mandate_id,
        active=MandateState.ACTIVE,
    )


@pages.get("/served/<int:mandate_id>")
@permit(Permission.MANDATES_PROPOSE)
def served_mandate(mandate_id: int) -> str:
    line = reads.one_of_person(db.session(), mandate_id, user_id=viewer.user_id)
    return render_template(
        "mandates/mandate.html",
        line=line,
        allows=[(one, ALLOWS[one]) for one in line.procedures],
        steps={"withdraw"} if _may_withdraw(line) else set(),
        today=today_jst(clock.now()),
        home=("受託している委託", url_for("mandates.served")),
        served=True,
    )


def _may_withdraw(line: reads.MandateLine) -> bool:
    return line.state is MandateState.PROPOSED and line.proposed_by_id == viewer.user_id


@pages.get("/served/<int:mandate_id>/withdraw")
@permit(Permission.MANDATES_PROPOSE)
def withdraw(mandate_id: int) -> str:
    line = reads.one_of_person(db.session(), mandate_id, user_id=viewer.user_id)
    if not _may_withdraw(line):
        abort(404)
    return render_template("mandates/withdraw.html", line=line, form_id=new_form_id())


@pages.post("/served/<int:mandate_id>/withdraw")
@permit(Permission.MANDATES_PROPOSE)
def do_withdraw(mandate_id: int) -> Response:
    def act(session: Session) -> str:
        answering.withdraw(session, mandate_id, actor=_person(), now=clock.now())
        return url_for("mandates.served")

    try:
        answer = once(act)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
        return see_other("mandates.served")
    flash("提案を取り下げました。双方にメールでお知らせします。", "success")
    return answer


@pages.get("/served/propose")
@permit(Permission.MANDATES_PROPOSE)
def propose() -> str:
    form = _form(None)
    return _propose_page(form)


def _form(sent: Any) -> ProposeForm:
    own = reads.contractors_of(db.session(), viewer.user_id or 0)
    data = {"starts_on": today_jst(clock.now()), "contractor": str(own[0].id) if len(own) == 1 else None}
    form = ProposeForm(sent, data=data)
    form.contractor.choices = [(str(one.id), one.name) for one in own]
    return form


def _propose_page(form: ProposeForm) -> str:
    return render_template(
        "mandates/form.html",
        form=with_hints(form, ALLOWS),
        title="委託を提案する",
        lead="会員の管理者の方が承認すると、操作できるようになります。承認されるまでは、会員の情報を見ることはできません。",
        back=("提案せずに戻る", url_for("mandates.served")),
        trail=[("受託している委託", url_for("mandates.served"))],
        errors=bool(form.errors or form.form_errors),
        version=None,
    )


@pages.post("/served/propose")
@limiter.limit("20/minute")
@permit(Permission.MANDATES_PROPOSE)
def do_propose() -> str | Response:
    form = _form(request.form)

    def act(session: Session) -> str:
        made = starting.propose(
            session,
            contractor_id=clamped_id(form.contractor.data) or 0,
            member_key=half_width_digits(form.member_key.data),
            terms=form.terms,
            actor=_person(),
            now=clock.now(),
        )
        return url_for("mandates.served_mandate", mandate_id=made)

    def facts() -> list[Any]:
        company = member_by_key(db.session(), half_width_digits(form.member_key.data)).current_name
        chosen = dict(form.contractor.choices)[form.contractor.data]
        return [("受託者", chosen), ("委託元の会員", company), *terms_in_words(form.terms)]

    return through_check(
        form,
        act,
        lambda: _propose_page(form),
        facts,
        title="委託を提案する",
        button="この内容で提案する",
        back=("提案せずに戻る", url_for("mandates.served")),
        lead="提案すると、会員の会員担当と管理者の方にメールでお知らせします。",
        done="委託を提案しました。会員の管理者の方が承認すると、メールでお知らせします。",
    )
