"""Own mail address: asked for with the password, moved by the button behind the new address."""

from flask import flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, token_hash, viewer
from occto.domain.codes import LinkPurpose, SignInOutcome
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.domain.settings import CONFIRM_EMAIL_HOURS
from occto.domain.throttle import may_request_link
from occto.extensions import db, limiter
from occto.forms.users import OwnAddressForm
from occto.queries import people
from occto.services import links, sign_in
from occto.services.users import addresses
from occto.unit_of_work import run
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
from occto.views.auth import attempt_keys
from occto.views.tools import done_before, new_form_id, once, see_other

_TOO_MANY_MAILS = "確認のメールを続けて何度も送っています。1時間ほど待ってから、もう一度お試しください。"


@pages.get("/email")
@permit(Permission.SIGNED_IN)
def address() -> Answer:
    return _page(OwnAddressForm())


def _page(form: OwnAddressForm, *, status: int | None = None) -> Answer:
    user = people.user_by_id(db.session(), me())
    return form_page(
        form,
        title="メールアドレスの変更",
        act="確認のメールを送る",
        form_id=new_form_id(),
        status=refused_status(form) if status is None else status,
        facts=[("いまのメールアドレス", user.email)],
        lead="新しいアドレスに確認のメールを送ります。そのメールのボタンを押すと変更が終わり、ほかの端末のサインインは終わります。",
        note="パスワードは、もう一度入力してください。まだ何も送っていません。",
        personal=True,
    )


@pages.post("/email")
@limiter.limit("30/minute")
@permit(Permission.SIGNED_IN)
def request_address() -> Answer | Response:
    acting()
    form, before, done = OwnAddressForm(request.form), done_before(), list[bool]()
    if before is not None:
        return before
    if not form.validate():
        return _page(form)
    email, now = form.email.data, clock.now()
    stored = proved_password(form)
    if stored is None:
        return _page(form)
    keys = attempt_keys(email)
    pair, of_address = people.link_requests(db.session(), **keys, now=now)
    if not may_request_link(pair=pair, address=of_address):
        form.add_error("email", _TOO_MANY_MAILS)
        return _page(form, status=429)

    def act(session: Session) -> str:
        sign_in.note_attempt(session, **keys, outcome=SignInOutcome.LINK_REQUESTED, now=now)
        addresses.request_own_change(session, email=email, verified_hash=stored, actor=actor(), now=now)
        done.append(True)
        return url_for("account.index")

    try:
        answer = once(act)
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _page(form)
    if done:
        flash(
            f"{email} に確認のメールを送ります。{CONFIRM_EMAIL_HOURS}時間以内に、メールのボタンを押してください。",
            "success",
        )
    return answer


@pages.post("/email/withdraw")
@permit(Permission.SIGNED_IN)
def withdraw_address() -> Response:
    user_id = acting()
    try:
        run(addresses.withdraw_change, None, user_id, actor=actor(), now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
    else:
        flash("メールアドレスの変更を取りやめました。", "success")
    return see_other("account.index")


@pages.get("/email/<token>")
@permit(Permission.PUBLIC)
def confirm(token: str) -> str | tuple[str, int]:
    """The page behind the mailed link: looking changes nothing."""
    try:
        link = links.inspect(db.session(), token_hash(token), purpose=LinkPurpose.CONFIRM_EMAIL, now=clock.now())
    except Refusal as refusal:
        return _invalid(refusal)
    user = people.user_by_id(db.session(), link.user_id or 0)
    if (user.pending_email or "").lower() != link.email_key:
        return _invalid(
            Refusal(
                "link_revoked",
                "このリンクの変更は取りやめられたか、別のメールアドレスに変わっています。アカウントの画面でご確認ください。",
            )
        )
    return render_template("account/email_confirm.html", new=user.pending_email)


def _invalid(refusal: Refusal) -> tuple[str, int]:
    return render_template("account/email_invalid.html", reason=refusal.sentence), 410


@pages.post("/email/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def confirmed(token: str) -> Response | tuple[str, int]:
    try:
        user_id = run(addresses.confirm_change, token_hash(token), actor=actor(), now=clock.now())
    except Refusal as refusal:
        return _invalid(refusal)
    flash("メールアドレスを変更しました。次からは、新しいメールアドレスでサインインしてください。", "success")
    return see_other("account.index" if viewer.user_id == user_id else "auth.sign_in")
