"""The case as a whole: where it stands, check page, submission, withdrawal, letters, slip and copy as PDF."""

from datetime import datetime
from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock, pdf
from occto.access import actor, end_session_cookie, permit
from occto.answers import changes, shown
from occto.domain.calendar import business_days_between
from occto.domain.canonical import digest
from occto.domain.codes import Audience, Licence
from occto.domain.dates import start_of_day, today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.joining import (
    DECIDED,
    EDITABLE,
    JOINING,
    PROGRESS,
    WAITING_FOR_STAFF,
    ApplicationState,
    Stage,
    progress,
)
from occto.domain.permissions import Permission, Role, permissions_of
from occto.domain.sections import Answers, missing_sections
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.join import LetterForm, ReceivedForm
from occto.holidays import is_holiday
from occto.labels import label
from occto.pages import site
from occto.queries import applications
from occto.services.joining import drafts, review, submission
from occto.unit_of_work import run
from occto.views.join.blueprint import RETURNED, Case, load_case, pages, section_url
from occto.views.tools import download, new_form_id, once, see_other

if TYPE_CHECKING:
    from occto.models import ApplicationRevision

_APPLICANT = permissions_of((Role.APPLICANT,))


@pages.get("/applications/<int:application_id>")
@permit(Permission.APPLICATION_PAGES)
def application(application_id: int) -> str | Response:
    """Where the case stands and what comes next."""
    case = load_case(application_id)
    if case.application.state is ApplicationState.DRAFT and case.application.confirmation_asked_at is None:
        return see_other("join.tasks", application_id=case.id)
    return _overview(case, LetterForm())


def _overview(case: Case, form: BaseForm) -> str:
    app, session, now = case.application, db.session(), clock.now()
    last = applications.last_return(session, app) if app.state in RETURNED else None
    sections = {section.key: section.title for section in shown({}, stage=case.stage)}
    steps = {step.name for step in JOINING.open_steps(app.state, _APPLICANT, held=app.held_at is not None)}
    return render_template(
        "join/application.html",
        case=case,
        app=app,
        state=label(app.state),
        progress=PROGRESS,
        at=progress(app.state, has_code=app.operator_code is not None),
        steps=steps,
        may_edit=app.state in EDITABLE,
        decided=app.state in DECIDED,
        waiting=_business_days(app.waiting_since, now) if app.state in WAITING_FOR_STAFF else None,
        reason=last.reason if last else "",
        remarks=[
            {"title": sections.get(key, key), "url": section_url(case.id, key), "text": text}
            for key, text in case.asked.items()
        ],
        letters=applications.letters(session, app),
        events=_events(session, app.id),
        form=form,
        form_id=new_form_id(),
        errors=bool(form.errors),
    )


def _business_days(since: datetime | None, now: datetime) -> int:
    return business_days_between(today_jst(since), today_jst(now), is_holiday=is_holiday) if since else 0


_SHOWN_TO_PARTY = {
    "submit_provisional": "仮申請を提出",
    "start_main": "本申請を作成開始",
    "submit_main": "本申請を提出",
    "submit_main_pending": "本申請を提出（経済産業省の手続きは申請中）",
    "withdraw": "取下げ",
    "take": "審査を開始",
    "accept": "受付",
    "return_provisional": "差戻し",
    "return_main": "差戻し",
    "record_operator_code": "事業者コードのお知らせ",
    "approve": "承認",
    "extend": "期限の延長",
    "carry_to_main": "本申請へ移行",
    "lapse": "失効",
    "not_qualified": "資格なし",
}


def _events(session: Session, application_id: int) -> list[dict[str, object]]:
    rows = applications.decisions(session, application_id)
    return [
        {"label": _SHOWN_TO_PARTY[decision.step], "at": decision.at, "by": "", "note": ""}
        for decision, _name in rows
        if decision.step in _SHOWN_TO_PARTY
    ]


@pages.get("/applications/<int:application_id>/check")
@permit(Permission.APPLICATION_PAGES)
def check(application_id: int) -> str:
    return _check_page(load_case(application_id), ReceivedForm(today=today_jst(clock.now())))


def _stands_submitted(case: Case) -> bool:
    """Whether exactly this lies before the office already: going back and pressing again makes no second revision."""
    if case.application.state not in WAITING_FOR_STAFF | {ApplicationState.AWAITING_ACT}:
        return False
    return _stands_in(applications.revisions(db.session(), case.id)[-1], case)


def _check_page(case: Case, form: BaseForm, *, refusal: Refusal | None = None) -> str:
    answers, may_submit = case.answers, case.application.state in EDITABLE
    missing = missing_sections(answers, stage=case.stage, agreed=case.agreed)
    earlier = applications.provisional_answers(db.session(), case.id) if case.stage is Stage.MAIN else None
    differing = changes(earlier.answers, answers, stage=Stage.MAIN) if earlier else []
    sections = [
        {
            "title": part.title,
            "complete": part.complete,
            "rows": part.rows,
            "url": section_url(case.id, part.key) if may_submit else "",
            "key": part.key,
        }
        for part in shown(answers, stage=case.stage)
    ]
    return render_template(
        "join/check.html",
        case=case,
        sections=sections,
        missing=[{"title": task.title, "url": section_url(case.id, task.key)} for task in missing],
        changes=[change for change in differing if change.section not in {"code", "acts"}],
        digest=digest(answers),
        form_id=new_form_id(),
        form=form,
        refusal=refusal,
        refusal_url=section_url(case.id, refusal.field)
        if refusal and refusal.field and not hasattr(form, refusal.field)
        else "",
        errors=bool(refusal or form.errors),
        may_submit=may_submit,
        unchanged=may_submit and _stands_submitted(case),
    )


@pages.post("/applications/<int:application_id>/submit")
@permit(Permission.APPLICATION_PAGES)
def submit(application_id: int) -> str | Response:
    case = load_case(application_id)
    form, now = ReceivedForm(request.form, today=today_jst(clock.now())), clock.now()
    if case.on_paper and not form.validate():
        return _check_page(case, form)
    if _stands_submitted(case):
        return see_other("join.submitted", application_id=application_id)
    received = min(start_of_day(form.received_on.data), now) if case.on_paper else None

    def act(session: Session) -> str:
        seen = request.form.get("digest", "")
        submission.submit(session, application_id, seen_digest=seen, actor=actor(), now=now, received_at=received)
        return url_for("join.submitted", application_id=application_id)

    try:
        return once(act)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _check_page(load_case(application_id), form, refusal=refusal)


@pages.get("/applications/<int:application_id>/submitted")
@permit(Permission.APPLICATION_PAGES)
def submitted(application_id: int) -> str | Response:
    """The receipt: number and date, and what happens next."""
    case = load_case(application_id)
    app = case.application
    if app.acceptance_number is None and app.confirmation_asked_at is None:
        return see_other("join.application", application_id=case.id)
    submitted_revisions = applications.revisions(db.session(), case.id)
    newest = submitted_revisions[-1] if submitted_revisions else None
    return render_template("join/submitted.html", case=case, app=app, newest=newest)


@pages.post("/applications/<int:application_id>/main")
@permit(Permission.APPLICATION_PAGES)
def start_main(application_id: int) -> Response:
    load_case(application_id)
    try:
        run(drafts.start_main, application_id, actor=actor(), now=clock.now())
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        flash(refusal.sentence, "warning")
        return see_other("join.application", application_id=application_id)
    return see_other("join.tasks", application_id=application_id)


@pages.get("/applications/<int:application_id>/withdraw")
@permit(Permission.APPLICATION_PAGES)
def withdraw(application_id: int) -> str:
    case = load_case(application_id)
    return render_template("join/withdraw.html", case=case, app=case.application, form_id=new_form_id())


@pages.post("/applications/<int:application_id>/withdraw")
@permit(Permission.APPLICATION_PAGES)
def do_withdraw(application_id: int) -> Response:
    case = load_case(application_id)

    def act(session: Session) -> str:
        submission.withdraw(session, application_id, actor=actor(), now=clock.now())
        return url_for("join.application", application_id=application_id) if case.on_paper else url_for("public.index")

    try:
        done = once(act)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        flash(refusal.sentence, "warning")
        return see_other("join.application", application_id=application_id)
    if not case.on_paper:
        end_session_cookie()  # the contract of use has ended, and the session with it
    flash("申請を取り下げました。控えをメールでお送りします。", "success")
    return done


@pages.post("/applications/<int:application_id>/letters")
@permit(Permission.APPLICATION_PAGES)
def write_letter(application_id: int) -> str | Response:
    case = load_case(application_id)
    form = LetterForm(request.form)
    if not form.validate():
        return _overview(case, form)

    def act(session: Session) -> str:
        body, now = form.body.data, clock.now()
        review.write_remark(session, application_id, body=body, audience=Audience.PARTY, actor=actor(), now=now)
        return url_for("join.application", application_id=application_id)

    sent = once(act)
    flash("当機関へ送りました。回答は、この画面とメールでお知らせします。", "success")
    return sent


def _issuer() -> pdf.Issuer:
    return pdf.Issuer(telephone=site().contact_phone)


@pages.get("/applications/<int:application_id>/slip")
@permit(Permission.APPLICATION_PAGES)
def slip(application_id: int) -> str:
    """加入仮申請受付票 on screen, from acceptance on: the filing with METI needs it (電気事業法 28条の11 2項)."""
    case = load_case(application_id)
    return render_template("join/slip.html", case=case, slip=slip_values(db.session(), case.id))


@pages.get("/applications/<int:application_id>/slip.pdf")
@permit(Permission.APPLICATION_PAGES)
def slip_pdf(application_id: int) -> Response:
    """The same as PDF."""
    case = load_case(application_id)
    values = slip_values(db.session(), case.id)
    content = pdf.acceptance_slip(values, issuer=_issuer(), created_at=values["accepted_at"])
    return download(content, name=f"加入仮申請受付票_{values['number']}.pdf", media_type=pdf.MIMETYPE)


def slip_values(session: Session, application_id: int) -> pdf.AcceptanceSlip:
    """What the 受付票 of an accepted application says; NotFound before acceptance."""
    app = applications.by_id(session, application_id)
    revision = applications.accepted_revision(session, app)
    if app.accepted_at is None or app.submitted_at is None or app.lapse_on is None or revision is None:
        raise NotFound("受付票は、当機関が仮申請を受け付けたあとに表示できます。")
    company, outline = revision.answers["company"], revision.answers["outline"]
    return {
        "number": app.acceptance_number or "",
        "submitted_at": app.submitted_at,
        "accepted_at": app.accepted_at,
        "company_name": company["name"],
        "corporate_number": company["corporate_number"],
        "head_office": f"〒{company['postal_code']} {company['prefecture']}{company['address']}",
        "representative": f"{outline['representative_title']} {outline['representative_name']}",
        "licences": [label(Licence(code)) for code in revision.answers["business"]["licences"]],
        "main_due": app.lapse_on,
    }


@pages.get("/applications/<int:application_id>/copy.pdf")
@permit(Permission.APPLICATION_PAGES)
def copy(application_id: int) -> Response:
    """申請の控え: what was submitted, with its number and date; or the draft, named as one, where it differs."""
    case = load_case(application_id)
    values = _copy_values(case)
    content = pdf.application_copy(values, issuer=_issuer(), created_at=clock.now())
    return download(content, name=f"{values['title']}.pdf", media_type=pdf.MIMETYPE)


def _copy_values(case: Case) -> pdf.ApplicationCopy:
    app, submitted = case.application, applications.revisions(db.session(), case.id)
    newest = submitted[-1] if submitted else None
    if newest is None or (app.state in EDITABLE and not _stands_in(newest, case)):
        return {
            "title": f"{label(case.stage)}の下書き",
            "number": None,
            "state": "まだ提出されていません",
            "submitted_at": None,
            "sections": _copy_sections(case.answers, stage=case.stage),
        }
    return {
        "title": f"{label(newest.stage)}の控え",
        "number": app.acceptance_number,
        "state": label(app.state),
        "submitted_at": newest.submitted_at,
        "sections": _copy_sections(newest.answers, stage=newest.stage),
    }


def _stands_in(revision: "ApplicationRevision", case: Case) -> bool:
    """Whether the draft is what that revision says."""
    return revision.stage is case.stage and digest(revision.answers) == digest(case.answers)


def _copy_sections(answers: Answers, *, stage: Stage) -> list[pdf.Section]:
    return [
        {"title": part.title, "rows": [(row.title, row.value or None) for row in part.rows]}
        for part in shown(answers, stage=stage)
        if part.rows
    ]
