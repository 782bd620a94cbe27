"""Requests about IDs by people who cannot sign in: the public pages, the mailed links, the loss of the second factor.

Every page here answers the same whatever is typed: nothing is looked up before the office does.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, token_hash, viewer
from occto.domain.account_requests import AccountRequestKind
from occto.domain.codes import LinkPurpose, SignInOutcome
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.settings import ACCOUNT_LINK_HOURS
from occto.domain.throttle import may_request_link
from occto.extensions import db, limiter
from occto.forms.account_requests import LostFactorForm, ObjectForm, PublicAdministratorForm, PublicFactorForm
from occto.forms.auth import EmailForm
from occto.forms.base import BaseForm
from occto.queries import account_requests as queries
from occto.queries import people
from occto.services import links, sign_in, submissions
from occto.services.account_requests import filing, review
from occto.services.account_requests.filing import Document, Named
from occto.unit_of_work import run
from occto.views.auth import attempt_keys
from occto.views.documents import documents_of, lacks_document
from occto.views.tools import FORM_ID_LIMIT, new_form_id, once, see_other

pages = Blueprint("outside", __name__)
K = AccountRequestKind
_FILES = {K.CHANGE: ("file", "file2"), K.SECOND_FACTOR: ()}
NO_EVIDENCE = "管理者の指定を証明する書類を選んでください。"


@pages.get("/administrators/apply")
@permit(Permission.PUBLIC)
def administrator() -> str:
    return _ask_page(EmailForm(), K.CHANGE)


@pages.post("/administrators/apply")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def ask_administrator() -> Response | str:
    return _mail_link(K.CHANGE)


@pages.get("/second-factor/lost")
@permit(Permission.PUBLIC)
def factor() -> str:
    return _ask_page(EmailForm(), K.SECOND_FACTOR)


@pages.post("/second-factor/lost")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def ask_factor() -> Response | str:
    return _mail_link(K.SECOND_FACTOR)


def _ask_page(form: EmailForm, kind: AccountRequestKind) -> str:
    template = "outside/factor.html" if kind is K.SECOND_FACTOR else "outside/administrator.html"
    return render_template(template, form=form, errors=bool(form.errors), hours=ACCOUNT_LINK_HOURS)


def _mail_link(kind: AccountRequestKind) -> Response | str:
    form, now = EmailForm(request.form), clock.now()
    if not form.validate():
        return _ask_page(form, kind)
    keys = attempt_keys(form.email.data)
    pair, address = people.link_requests(db.session(), **keys, now=now)
    if may_request_link(pair=pair, address=address):
        run(filing.request_link, form.email.data, kind=kind, **keys, actor=actor(), now=now)
    else:
        run(sign_in.note_attempt, **keys, outcome=SignInOutcome.THROTTLED, now=now)
    return see_other("outside.link_sent")


@pages.get("/administrators/apply/sent")
@permit(Permission.PUBLIC)
def link_sent() -> str:
    return render_template("outside/link_sent.html", hours=ACCOUNT_LINK_HOURS)


@pages.get("/administrators/apply/received")
@permit(Permission.PUBLIC)
def received() -> str:
    return render_template("outside/received.html")


@pages.get("/administrators/apply/<token>")
@permit(Permission.PUBLIC)
def form_page(token: str) -> str | tuple[str, int]:
    """The form behind the mailed link; opening it uses nothing up."""
    try:
        kind, email = _asked(token)
    except Refusal as refusal:
        return _invalid(refusal)
    return _form(_form_of(kind)(), kind, email)


def _asked(token: str) -> tuple[AccountRequestKind, str]:
    session = db.session()
    link = links.inspect(session, token_hash(token), purpose=LinkPurpose.ACCOUNT_REQUEST, now=clock.now())
    return queries.asked_by_link(session, link)


def _form_of(kind: AccountRequestKind) -> type[BaseForm]:
    return PublicFactorForm if kind is K.SECOND_FACTOR else PublicAdministratorForm


def _form(form: BaseForm, kind: AccountRequestKind, email: str) -> str:
    return render_template(
        "outside/form.html",
        form=form,
        lost=kind is K.SECOND_FACTOR,
        email=email,
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors),
    )


def _invalid(refusal: Refusal) -> tuple[str, int]:
    return render_template("outside/link_invalid.html", reason=refusal.sentence), 410


@pages.post("/administrators/apply/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def file(token: str) -> Response | str | tuple[str, int]:
    try:
        kind, email = _asked(token)
    except Refusal as refusal:
        return _first_result() or _invalid(refusal)
    form = _form_of(kind)(request.form)
    fine = form.validate()
    documents = documents_of(form, _FILES[kind])
    if documents is None or (kind is K.CHANGE and lacks_document(form, documents, "file", NO_EVIDENCE)) or not fine:
        return _form(form, kind, email)
    try:
        return once(lambda session: _file(session, token, form, documents))
    except Refusal as refusal:
        if refusal.code.startswith("link_"):
            return _invalid(refusal)
        form.add_error(refusal.field, refusal.sentence)
        return _form(form, kind, email)


def _first_result() -> Response | None:
    """Where the same form led when it was sent before: a double click finds its link used up."""
    earlier = submissions.earlier_result(
        db.session(), request.form.get("form_id", "")[:FORM_ID_LIMIT], viewer_key=viewer.key
    )
    return redirect(earlier, 303) if earlier is not None else None


def _file(session: Session, token: str, form: BaseForm, documents: list[Document]) -> str:
    values = form.cleaned()
    filing.file_from_link(
        session,
        token_hash(token),
        person=Named(
            values["person_name"],
            "",
            values.get("person_kana"),
            values.get("person_title"),
            values.get("person_phone"),
        ),
        typed_code=values["typed_code"] or "",
        typed_company=values["typed_company"],
        typed_old_name=values.get("typed_old_name"),
        reason=values["reason"],
        documents=documents,
        actor=actor(),
        now=clock.now(),
    )
    return url_for("outside.received")


@pages.get("/administrators/object/<token>")
@permit(Permission.PUBLIC)
def objection(token: str) -> str | tuple[str, int]:
    """What the request is, to one of the people on record; a button below objects."""
    return _objection(token, ObjectForm())


def _objection(token: str, form: ObjectForm) -> str | tuple[str, int]:
    session = db.session()
    try:
        link = links.inspect(session, token_hash(token), purpose=LinkPurpose.OBJECT, now=clock.now())
        found = queries.request_of_link(session, link)
    except Refusal as refusal:
        return render_template("outside/object_invalid.html", reason=refusal.sentence), 410
    return render_template(
        "outside/object.html", form=form, request=found, errors=bool(form.errors or form.form_errors)
    )


@pages.post("/administrators/object/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def object_to(token: str) -> Response | str | tuple[str, int]:
    form = ObjectForm(request.form)
    if not form.validate():
        return _objection(token, form)
    try:
        run(review.object_to, token_hash(token), words=form.words.data, actor=actor(), now=clock.now())
    except Refusal as refusal:
        if refusal.field is None:
            return render_template("outside/object_invalid.html", reason=refusal.sentence), 410
        form.add_error(refusal.field, refusal.sentence)
        return _objection(token, form)
    return see_other("outside.objected")


@pages.get("/administrators/objected")
@permit(Permission.PUBLIC)
def objected() -> str:
    return render_template("outside/objected.html")


@pages.get("/login/second-factor/lost")
@permit(Permission.HALF_SIGNED_IN)
def lost() -> Response | str:
    """The loss of the second factor, once the password has passed; afterwards where the request stands."""
    if viewer.kind != "half" or not viewer.has_second_factor:
        return see_other("auth.second_factor")
    return _lost_page(LostFactorForm())


def _lost_page(form: BaseForm) -> str:
    return render_template(
        "outside/lost.html",
        form=form,
        filed=queries.open_recovery_of(db.session(), viewer.user_id),
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors),
    )


@pages.post("/login/second-factor/lost")
@limiter.limit("30/minute")
@permit(Permission.HALF_SIGNED_IN)
def file_lost() -> Response | str:
    form = LostFactorForm(request.form)
    if viewer.kind != "half":
        return see_other("auth.second_factor")
    if not form.validate():
        return _lost_page(form)

    def act(session: Session) -> str:
        filing.file_lost_factor(session, reason=form.reason.data, phone=None, actor=actor(), now=clock.now())
        return url_for("outside.lost")

    try:
        return once(act)
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return _lost_page(form)
