"""Own profile and own password."""

from flask import flash, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock, vault
from occto.access import actor, permit
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.passwords import check_password, normalise_password
from occto.domain.permissions import Permission
from occto.domain.text import InputError
from occto.extensions import db, limiter
from occto.forms.users import ChangePasswordForm, OwnRecordForm
from occto.queries import people
from occto.services import account as verbs
from occto.services.users import record
from occto.views.account.blueprint import (
    Answer,
    acting,
    form_page,
    me,
    pages,
    proved_password,
    refuse,
    refused_status,
)
from occto.views.tools import done_before, new_form_id, once


@pages.get("/profile")
@permit(Permission.SIGNED_IN)
def profile() -> Answer:
    user = people.user_by_id(db.session(), me())
    form = OwnRecordForm(data={"name": user.name, "kana": user.kana, "title": user.title, "phone": user.phone})
    return _profile_page(form, version=user.version)


def _profile_page(form: OwnRecordForm, *, version: int, other: list[tuple[str, str]] | None = None) -> Answer:
    return form_page(
        form,
        title="登録内容を直す",
        act="変更を保存する",
        form_id=new_form_id(),
        version=version,
        lead="お使いの会社のすべてに、すぐに反映します。",
        other=other,
        personal=True,
    )


@pages.post("/profile")
@permit(Permission.SIGNED_IN)
def save_profile() -> Answer | Response:
    acting()
    form, version, changed = OwnRecordForm(request.form), request.form.get("version", type=int) or 0, list[str]()
    if not form.validate():
        return _profile_page(form, version=version)
    values = form.cleaned()

    def act(session: Session) -> str:
        changed[:] = record.change_own_record(
            session, values=values, seen_version=version, actor=actor(), now=clock.now()
        ) or [""]
        return url_for("account.index")

    try:
        answer = once(act)
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        user = people.user_by_id(db.session(), me())
        other = None
        if isinstance(refusal, Stale):
            version = user.version
            other = [
                (form[key].label.text, getattr(user, key) or "（空欄）")
                for key in record.ITEMS
                if (getattr(user, key) or "") != (form[key].data or "")
            ]
        return _profile_page(form, version=version, other=other)
    if changed == [""]:
        flash("いまの登録と同じ内容でしたので、何も変更していません。", "warning")
    elif changed:
        flash("登録内容を変更しました。", "success")
    return answer


@pages.get("/password")
@permit(Permission.SIGNED_IN)
def password() -> Answer:
    return _password_page(ChangePasswordForm())


def _password_page(form: ChangePasswordForm) -> Answer:
    session = db.session()
    minimum = people.password_minimum(session, me())
    return form_page(
        form,
        title="パスワードの変更",
        act="パスワードを変更する",
        form_id=new_form_id(),
        status=refused_status(form),
        account_mail=people.user_by_id(session, me()).email,
        rules=[
            f"{minimum}文字以上、128文字までで決めてください。",
            "文字の種類の組み合わせは問いません。空白や日本語も使えます。",
            "よく使われる言葉、会社名、ご自分の名前は使えません。",
        ],
        lead="変更すると、この端末のほかのサインインはすべて終わります。",
        note="パスワードは、もう一度入力してください。まだ変更していません。",
    )


@pages.post("/password")
@limiter.limit("30/minute")
@permit(Permission.SIGNED_IN)
def change_password() -> Answer | Response:
    acting()
    form, before, ended = ChangePasswordForm(request.form), done_before(), list[int]()
    if before is not None:
        return before
    if not form.validate() or not _good(form):
        return _password_page(form)
    stored = proved_password(form)
    if stored is None:
        return _password_page(form)
    new = normalise_password(form.password.data)
    if vault.verify_password(stored, new):
        form.add_error("password", "いまのパスワードと同じです。別のパスワードにしてください。")
        return _password_page(form)
    hashed = vault.hash_password(new)

    def act(session: Session) -> str:
        ended.append(
            verbs.change_password(session, verified_hash=stored, password_hash=hashed, actor=actor(), now=clock.now())
        )
        return url_for("account.index")

    try:
        answer = once(act)
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _password_page(form)
    if ended:
        others = f"ほかの{ended[0]}件のサインインを終えました。" if ended[0] else ""
        flash(f"パスワードを変更しました。{others}", "success")
    return answer


def _good(form: ChangePasswordForm) -> bool:
    """Whether the new password may be taken; says why not beside the field."""
    if form.password.data != form.again.data:
        form.add_error("again", "2回の入力が合いません。同じパスワードをもう一度入力してください。")
        return False
    session = db.session()
    user = people.user_by_id(session, me())
    context = ["occto", "広域", "電力広域的運営推進機関", user.name, user.email.split("@")[0]]
    context += [company.name for company in people.companies_of(session, user.id)]
    try:
        check_password(form.password.data, minimum=people.password_minimum(session, user.id), context_words=context)
    except InputError as error:
        form.add_error("password", str(error))
        return False
    return True
