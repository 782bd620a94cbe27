"""Own second factor: first set up, put in the place of another, done without; fresh recovery codes."""

from flask import flash, render_template, request, session
from werkzeug.wrappers import Response

from occto import clock, vault
from occto.access import actor, forget_viewer, permit, viewer
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.domain.text import half_width_digits
from occto.extensions import db, limiter
from occto.forms.base import BaseForm
from occto.forms.users import CodeForm, ReplaceFactorForm, SetUpFactorForm
from occto.qr import svg_path
from occto.queries import people
from occto.queries.account import second_factor_compulsory
from occto.services import account as verbs
from occto.services.sign_in import RECOVERY_CODES
from occto.unit_of_work import run
from occto.views.account.blueprint import (
    Answer,
    acting,
    count_wrong_code,
    form_page,
    given_proof,
    me,
    pages,
    proved_password,
    refuse,
    refused_status,
)
from occto.views.tools import see_other

_PENDING_SECRET = "totp_next"  # noqa: S105 - the name of a cookie entry
_WRONG_NEW_CODE = "確認コードが合いません。端末の時刻が合っているかを確かめ、最新の6桁を入力してください。"


@pages.get("/second-factor")
@permit(Permission.SIGNED_IN)
def second_factor() -> Answer:
    return _page(ReplaceFactorForm() if viewer.has_second_factor else SetUpFactorForm())


def _page(form: BaseForm) -> Answer:
    """The secret to be proved waits encrypted in the cookie until a code has shown that it works."""
    secret = vault.decrypt(session.get(_PENDING_SECRET, "")) or vault.make_totp_secret()
    session[_PENDING_SECRET] = vault.encrypt(secret)
    user = people.user_by_id(db.session(), me())
    page = render_template(
        "account/second_factor.html",
        form=form,
        errors=bool(form.errors) or bool(form.form_errors),
        replacing=viewer.has_second_factor,
        qr=svg_path(vault.totp_uri(secret, account=user.email)),
        key_text=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    )
    return page, refused_status(form)


@pages.post("/second-factor")
@limiter.limit("60/minute")
@permit(Permission.SIGNED_IN)
def keep_second_factor() -> Answer:
    acting()
    replacing = viewer.has_second_factor
    form = ReplaceFactorForm(request.form) if replacing else SetUpFactorForm(request.form)
    secret = vault.decrypt(session.get(_PENDING_SECRET, ""))
    if not form.validate() or secret is None:
        return _page(form)
    step = vault.matching_step(secret, half_width_digits(form["code"].data).replace(" ", ""), now=clock.now())
    if step is None:
        form.add_error("code", _WRONG_NEW_CODE)
        return _page(form)
    codes = _new_codes()
    try:
        done = (_replace if replacing else _set_up)(form, secret, step, codes)
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        done = False
    if not done:
        return _page(form)
    session.pop(_PENDING_SECRET, None)
    forget_viewer()
    return _codes_page(codes)


def _set_up(form: BaseForm, secret: str, step: int, codes: list[str]) -> bool:
    stored = proved_password(form)
    if stored is None:
        return False
    run(
        verbs.set_up_second_factor,
        verified_hash=stored,
        secret_enc=vault.encrypt(secret),
        step=step,
        recovery_hashes=[vault.recovery_hash(code) for code in codes],
        actor=actor(),
        now=clock.now(),
    )
    return True


def _replace(form: BaseForm, secret: str, step: int, codes: list[str]) -> bool:
    proof = given_proof(form)
    if proof is None:
        return False
    done = run(
        verbs.replace_second_factor,
        proof=proof,
        secret_enc=vault.encrypt(secret),
        step=step,
        recovery_hashes=[vault.recovery_hash(code) for code in codes],
        actor=actor(),
        now=clock.now(),
    )
    if not done:
        count_wrong_code(form)
    return done


def _new_codes() -> list[str]:
    return [vault.make_recovery_code() for _ in range(RECOVERY_CODES)]


def _codes_page(codes: list[str]) -> Answer:
    """Shown once, in the answer itself: no address leads to them again."""
    return render_template("account/recovery_codes_shown.html", codes=codes), 200


@pages.get("/recovery-codes")
@permit(Permission.SIGNED_IN)
def recovery_codes() -> Answer | Response:
    if not viewer.has_second_factor:
        return see_other("account.index")
    return _codes_form(CodeForm())


def _codes_form(form: CodeForm) -> Answer:
    return form_page(
        form,
        title="リカバリーコードの作り直し",
        act="新しいコードを作る",
        status=refused_status(form),
        lead="新しいコードを10個作ります。いまのコードは、すべて使えなくなります。",
        note="まだ作り直していません。",
    )


@pages.post("/recovery-codes")
@limiter.limit("60/minute")
@permit(Permission.SIGNED_IN)
def make_recovery_codes() -> Answer:
    acting()
    form = CodeForm(request.form)
    proof = given_proof(form) if form.validate() else None
    if proof is None:
        return _codes_form(form)
    codes = _new_codes()
    hashes = [vault.recovery_hash(code) for code in codes]
    try:
        done = run(verbs.make_recovery_codes, proof=proof, recovery_hashes=hashes, actor=actor(), now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _codes_form(form)
    if not done:
        count_wrong_code(form)
        return _codes_form(form)
    return _codes_page(codes)


@pages.get("/second-factor/remove")
@permit(Permission.SIGNED_IN)
def remove_second_factor() -> Answer | Response:
    if not viewer.has_second_factor or second_factor_compulsory(db.session(), me()):
        return see_other("account.index")
    return _remove_page(CodeForm())


def _remove_page(form: CodeForm) -> Answer:
    return form_page(
        form,
        title="2段階認証の解除",
        act="2段階認証を解除する",
        status=refused_status(form),
        danger=True,
        lead="これからは、パスワードだけでサインインします。この端末のほかのサインインは、すべて終わります。",
        note="まだ解除していません。",
    )


@pages.post("/second-factor/remove")
@limiter.limit("60/minute")
@permit(Permission.SIGNED_IN)
def removed_second_factor() -> Answer | Response:
    acting()
    form = CodeForm(request.form)
    proof = given_proof(form) if form.validate() else None
    if proof is None:
        return _remove_page(form)
    try:
        done = run(verbs.remove_second_factor, proof=proof, actor=actor(), now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _remove_page(form)
    if not done:
        count_wrong_code(form)
        return _remove_page(form)
    flash("2段階認証を解除しました。", "success")
    return see_other("account.index")
