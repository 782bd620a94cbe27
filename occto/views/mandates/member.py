"""The member's side: who acts for it, with what and until when; its 管理者 starts, accepts, changes and ends."""

from typing import Any

from flask import abort, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.codes import MandateState
from occto.domain.dates import today_jst
from occto.domain.mandates import AFFIRMATION, MANDATES
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.mandates import AcceptForm, ChangeForm, ReasonForm, StartForm, with_hints
from occto.mandate_words import ALLOWS, terms_in_words
from occto.queries import mandates as reads
from occto.services.mandates import answering, running, starting
from occto.views.mandates.blueprint import answered, pages, through_check
from occto.views.tools import new_form_id


def _member_id() -> int:
    if viewer.member_id is None:
        abort(404)
    return viewer.member_id


def _load(mandate_id: int) -> reads.MandateLine:
    return reads.one_of_member(db.session(), mandate_id, member_id=viewer.member_id)


def _steps(line: reads.MandateLine) -> set[str]:
    """The steps of the flow that the viewer may take; what is over by its day is only looked at."""
    over = line.ends_on is not None and line.ends_on <= today_jst(clock.now())
    if over and line.state is MandateState.ACTIVE:
        return set()
    if viewer.mandate_id is not None:
        return set()
    return {step.name for step in MANDATES.open_steps(line.state, viewer.permissions)}


def _version() -> int:
    return clamped_id(request.form.get("version")) or 0


@pages.get("/")
@permit(Permission.MANDATES_SEE)
def index() -> str:
    """Every mandate of the member."""
    lines, today = reads.of_member(db.session(), _member_id()), today_jst(clock.now())
    now = [one for one in lines if one.state in {MandateState.PROPOSED, MandateState.ACTIVE}]
    return render_template(
        "mandates/index.html",
        proposed=[one for one in now if one.state is MandateState.PROPOSED],
        active=[one for one in now if one.state is MandateState.ACTIVE],
        past=[one for one in lines if one not in now],
        today=today,
        may_manage=viewer.can(Permission.MANDATES_MANAGE),
    )


@pages.get("/<int:mandate_id>")
@permit(Permission.MANDATES_SEE)
def mandate(mandate_id: int) -> str:
    """One mandate in full."""
    line = _load(mandate_id)
    return render_template(
        "mandates/mandate.html",
        line=line,
        allows=[(one, ALLOWS[one]) for one in line.procedures],
        steps=_steps(line),
        today=today_jst(clock.now()),
        home=("受託者", url_for("mandates.index")),
        served=False,
    )


@pages.get("/new")
@permit(Permission.MANDATES_MANAGE)
def new() -> str:
    return _new_page(StartForm(data={"starts_on": today_jst(clock.now())}))


def _new_page(form: Any) -> str:
    return render_template(
        "mandates/form.html",
        form=with_hints(form, ALLOWS),
        title="委託を始める",
        lead="会員に関する業務を委託している会社に、このシステムの操作を任せます。"
        "受託者が行ったことは、貴社が行ったものとみなされます（利用規約 2.3.2）。",
        back=("受託者の一覧へ戻る", url_for("mandates.index")),
        trail=[("受託者", url_for("mandates.index"))],
        errors=bool(form.errors or form.form_errors),
        version=None,
    )


@pages.post("/new")
@permit(Permission.MANDATES_MANAGE)
def create() -> str | Response:
    form = StartForm(request.form)

    def act(session: Session) -> str:
        made = starting.start(
            session,
            contractor_name=form.contractor_name.data,
            corporate_number=form.corporate_number.data,
            terms=form.terms,
            affirmed=form.affirmed.data,
            actor=actor(),
            now=clock.now(),
        )
        return url_for("mandates.mandate", mandate_id=made)

    return through_check(
        form,
        act,
        lambda: _new_page(form),
        lambda: [
            ("受託者", form.contractor_name.data),
            ("法人番号", form.corporate_number.data),
            *terms_in_words(form.terms),
            ("確認したこと", AFFIRMATION),
        ],
        title="委託を始める",
        button="この内容で委託を始める",
        back=("やめて一覧へ戻る", url_for("mandates.index")),
        lead="始めると、操作する方にメールでお知らせします。",
        done="委託を始めました。操作する方と会員担当、管理者にメールでお知らせします。",
    )


@pages.get("/<int:mandate_id>/change")
@permit(Permission.MANDATES_MANAGE)
def change(mandate_id: int) -> str:
    line = _changeable(mandate_id)
    data = {
        "procedures": line.procedures,
        "starts_on": line.starts_on,
        "last_on": line.last_on,
        "persons": line.terms.persons,
    }
    return _change_page(line, ChangeForm(data=data), version=line.version)


def _changeable(mandate_id: int) -> reads.MandateLine:
    line = _load(mandate_id)
    if "change" not in _steps(line):
        abort(404)
    return line


def _change_page(line: reads.MandateLine, form: Any, *, version: int) -> str:
    here = url_for("mandates.mandate", mandate_id=line.id)
    return render_template(
        "mandates/form.html",
        form=with_hints(form, ALLOWS),
        title="委託の内容を変える",
        caption=line.contractor,
        lead="減らした手続きと外した方は、すぐに使えなくなります。",
        back=("変えずに戻る", here),
        trail=[("受託者", url_for("mandates.index")), (line.contractor, here)],
        errors=bool(form.errors or form.form_errors),
        version=version,
    )


@pages.post("/<int:mandate_id>/change")
@permit(Permission.MANDATES_MANAGE)
def save_change(mandate_id: int) -> str | Response:
    line, form, version = _load(mandate_id), ChangeForm(request.form), _version()

    def act(session: Session) -> str:
        running.change(
            session,
            mandate_id,
            terms=form.terms,
            affirmed=form.affirmed.data,
            seen_version=version,
            actor=actor(),
            now=clock.now(),
        )
        return url_for("mandates.mandate", mandate_id=mandate_id)

    return through_check(
        form,
        act,
        lambda: _change_page(_load(mandate_id), form, version=version),
        lambda: [("受託者", line.contractor), *terms_in_words(form.terms)],
        title="委託の内容を変える",
        button="この内容に変える",
        back=("変えずに戻る", url_for("mandates.mandate", mandate_id=mandate_id)),
        lead="変えると、双方にメールでお知らせします。",
        done="委託の内容を変えました。受託者の方と会員担当、管理者にメールでお知らせします。",
        version=version,
    )


@pages.get("/<int:mandate_id>/accept")
@permit(Permission.MANDATES_MANAGE)
def accept(mandate_id: int) -> str:
    return _step_page(mandate_id, "accept", AcceptForm())


@pages.post("/<int:mandate_id>/accept")
@permit(Permission.MANDATES_MANAGE)
def do_accept(mandate_id: int) -> str | Response:
    form, version = AcceptForm(request.form), _version()

    def act(session: Session) -> str:
        answering.accept(
            session, mandate_id, seen_version=version, affirmed=form.affirmed.data, actor=actor(), now=clock.now()
        )
        return url_for("mandates.mandate", mandate_id=mandate_id)

    if not form.validate():
        return _step_page(mandate_id, "accept", form)
    done = "委託を承認しました。受託者の方と会員担当、管理者にメールでお知らせします。"
    return answered(form, act, lambda: _step_page(mandate_id, "accept", form), done=done)


@pages.get("/<int:mandate_id>/decline")
@permit(Permission.MANDATES_MANAGE)
def decline(mandate_id: int) -> str:
    return _step_page(mandate_id, "decline", ReasonForm())


@pages.post("/<int:mandate_id>/decline")
@permit(Permission.MANDATES_MANAGE)
def do_decline(mandate_id: int) -> str | Response:
    form, version = ReasonForm(request.form), _version()

    def act(session: Session) -> str:
        answering.decline(
            session, mandate_id, seen_version=version, reason=form.reason.data, actor=actor(), now=clock.now()
        )
        return url_for("mandates.index")

    if not form.validate():
        return _step_page(mandate_id, "decline", form)
    done = "提案を断りました。提案した方にメールでお知らせします。"
    return answered(form, act, lambda: _step_page(mandate_id, "decline", form), done=done)


@pages.get("/<int:mandate_id>/end")
@permit(Permission.MANDATES_MANAGE)
def end(mandate_id: int) -> str:
    return _step_page(mandate_id, "end", ReasonForm())


@pages.post("/<int:mandate_id>/end")
@permit(Permission.MANDATES_MANAGE)
def do_end(mandate_id: int) -> str | Response:
    form = ReasonForm(request.form)

    def act(session: Session) -> str:
        running.end(session, mandate_id, reason=form.reason.data, actor=actor(), now=clock.now())
        return url_for("mandates.mandate", mandate_id=mandate_id)

    if not form.validate():
        return _step_page(mandate_id, "end", form)
    done = "委託を終了しました。受託者の方は、操作できなくなりました。双方にメールでお知らせします。"
    return answered(form, act, lambda: _step_page(mandate_id, "end", form), done=done)


_ACCEPTING = (
    "承認すると、操作する方にユーザIDをお知らせし、始まる日から操作できるようになります。"
    "受託者が行ったことは、貴社が行ったものとみなされます（利用規約 2.3.2）。"
)
_DECLINING = "断ると、この提案は使えなくなります。必要になったときは、もう一度提案してもらってください。"
_ENDING = (
    "終了すると、受託者の方は、いまサインインしている方も含めて、すぐに操作できなくなります。"
    "受託者がこれまでに行ったことの記録は残ります。"
)
_WORDS = {
    "accept": (_ACCEPTING, "承認せずに戻る", False),
    "decline": (_DECLINING, "断らずに戻る", True),
    "end": (_ENDING, "終了せずに戻る", True),
}
"""What a step does, the way back, and whether it takes something away."""


def _step_page(mandate_id: int, step: str, form: BaseForm) -> str:
    line = _load(mandate_id)
    if step not in _steps(line):
        abort(404)
    lead, back, danger = _WORDS[step]
    return render_template(
        "mandates/step.html",
        line=line,
        allows=[(one, ALLOWS[one]) for one in line.procedures],
        form=form,
        title=MANDATES.step(step).label,
        lead=lead,
        back=back,
        danger=danger,
        today=today_jst(clock.now()),
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors),
    )
