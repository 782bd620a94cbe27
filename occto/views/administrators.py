"""管理者の申請: filed, followed and taken back by a signed-in 管理者 (利用規約 3.1/3.2.1, 3.1/3.2.2)."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.account_requests import ACCOUNT_REQUESTS, AccountRequestKind
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission, Role
from occto.extensions import db
from occto.forms.account_requests import NO_ROLE, AdministratorForm
from occto.forms.base import BaseForm
from occto.labels import label
from occto.queries import account_requests as queries
from occto.services.account_requests import filing
from occto.services.account_requests.filing import Document, Named
from occto.views.documents import documents_of
from occto.views.tools import new_form_id, once

if TYPE_CHECKING:
    from occto.models import AccountRequest

pages = Blueprint("administrators", __name__, url_prefix="/administrators")


@pages.get("/")
@permit(Permission.ADMINISTRATOR_APPLY)
def index() -> str:
    """The requests of the company, and who is 管理者 now."""
    session = db.session()
    return render_template(
        "administrators/index.html",
        requests=queries.requests_of_member(session, viewer.member_id),
        administrators=queries.administrators_of(session, viewer.member_id),
    )


@pages.get("/new")
@permit(Permission.ADMINISTRATOR_APPLY)
def new() -> str:
    return _form_page(_choosing(AdministratorForm(data={"kind": request.args.get("kind")})))


def _choosing(form: AdministratorForm) -> AdministratorForm:
    found = queries.administrators_of(db.session(), viewer.member_id)
    form["replaces_user_id"].choices = [(str(user.id), user.name) for user in found]
    return form


def _form_page(form: BaseForm) -> str:
    return render_template(
        "administrators/new.html", form=form, form_id=new_form_id(), errors=bool(form.errors or form.form_errors)
    )


@pages.post("/new")
@permit(Permission.ADMINISTRATOR_APPLY)
def file() -> Response | str:
    form = _choosing(AdministratorForm(request.form))
    fine = form.validate()
    documents = documents_of(form, ("file",))
    if not fine or documents is None:
        return _form_page(form)
    try:
        return once(lambda session: _file(session, form, documents))
    except Refusal as refusal:
        if isinstance(refusal, NotAllowed | NotFound):
            raise
        form.add_error(refusal.field, refusal.sentence)
        return _form_page(form)


def _file(session: Session, form: AdministratorForm, documents: list[Document]) -> str:
    old, role = form.replaces_user_id.data, form.replaced_role.data
    number = filing.file_by_member(
        session,
        kind=AccountRequestKind(form.kind.data),
        person=Named(
            form.person_name.data,
            form.person_email.data,
            form.person_kana.data,
            form.person_title.data,
            form.person_phone.data,
        ),
        replaces_user_id=int(old) if old else None,
        replaced_role=Role(role) if role else None,
        reason=form.reason.data,
        documents=documents,
        actor=actor(),
        now=clock.now(),
    )
    return url_for("administrators.request_page", request_id=number, filed=1)


@pages.get("/<int:request_id>")
@permit(Permission.ADMINISTRATOR_APPLY)
def request_page(request_id: int) -> str:
    """Where a request stands."""
    session = db.session()
    found = queries.request_of_member(session, request_id, member_id=viewer.member_id)
    people = {user.id: user.name for user in queries.administrators_of(session, viewer.member_id)}
    own = found.started_by_id is not None
    may_withdraw = own and found.state in ACCOUNT_REQUESTS.step("withdraw").sources
    return render_template(
        "administrators/request.html",
        request=found,
        facts=_facts(found, old_name=people.get(found.replaces_user_id or 0)),
        files=queries.files_of(session, found.id),
        events=_events(found),
        own=own,
        may_withdraw=may_withdraw,
        just_filed=own and "filed" in request.args,
    )


def _facts(found: "AccountRequest", *, old_name: str | None) -> list[tuple[str, str | None]]:
    """What was asked, as terms and values."""
    rows = [
        ("管理者になる方", found.person_name),
        ("フリガナ", found.person_kana),
        ("所属・役職", found.person_title),
        ("メールアドレス", found.person_email),
        ("電話番号", found.person_phone),
    ]
    if found.kind is AccountRequestKind.CHANGE:
        rows += [
            ("交代する方", old_name or found.typed_old_name),
            ("交代した後の役割", label(found.replaced_role) or NO_ROLE),
        ]
    return rows


def _events(found: "AccountRequest") -> list[dict[str, Any]]:
    """What happened, newest first; whom the office called and what was said is the office's own."""
    events: list[dict[str, Any]] = [{"label": "受付", "at": found.submitted_at}]
    if found.called_at is not None:
        events.append({"label": "登録の連絡先への確認", "at": found.called_at})
    if found.objected_at is not None:
        events.append({"label": "異議の受付", "at": found.objected_at})
    if found.decided_at is not None:
        note = found.decision_reason or ""
        events.append({"label": label(found.state), "at": found.decided_at, "note": note})
    return sorted(events, key=lambda event: event["at"], reverse=True)


@pages.get("/<int:request_id>/withdraw")
@permit(Permission.ADMINISTRATOR_APPLY)
def withdraw(request_id: int) -> str:
    """The page with the button."""
    found = queries.request_of_member(db.session(), request_id, member_id=viewer.member_id)
    return render_template("administrators/withdraw.html", request=found, form_id=new_form_id())


@pages.post("/<int:request_id>/withdraw")
@permit(Permission.ADMINISTRATOR_APPLY)
def take_back(request_id: int) -> Response:
    queries.request_of_member(db.session(), request_id, member_id=viewer.member_id)

    def act(session: Session) -> str:
        filing.withdraw(session, request_id, actor=actor(), now=clock.now())
        return url_for("administrators.request_page", request_id=request_id)

    answer = once(act)
    flash("申請を取り下げました。", "success")
    return answer
