"""Sign-in, second factor, choice of the company, password."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from occto import clock, vault
from occto.access import (
    actor,
    end_session_cookie,
    forget_viewer,
    permit,
    safe_next,
    start_session_cookie,
    token_hash,
    viewer,
)
from occto.domain.codes import LinkPurpose, SignInOutcome
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.numbers import clamped_id
from occto.domain.passwords import check_password, normalise_password
from occto.domain.permissions import Permission
from occto.domain.settings import SET_PASSWORD_HOURS
from occto.domain.text import InputError, half_width_digits
from occto.domain.throttle import may_request_link, may_try, network_of
from occto.extensions import db, limiter
from occto.forms.auth import EmailForm, NewPasswordForm, SecondFactorForm, SetUpSecondFactorForm, SignInForm
from occto.labels import label
from occto.qr import svg_path
from occto.queries import people
from occto.services import links
from occto.services import sign_in as verbs
from occto.unit_of_work import run
from occto.views.tools import see_other

pages = Blueprint("auth", __name__)
WRONG = "メールアドレスまたはパスワードが合いません。もう一度お確かめください。"
TOO_MANY = "続けて何度も合わなかったため、しばらく受け付けられません。15分ほど待ってから、もう一度お試しください。"
_PENDING_SECRET = "totp_setup"  # noqa: S105 - the name of a cookie entry


def attempt_keys(email: str) -> dict[str, str]:
    """The keyed hashes that throttles count: of the address typed and of the network address."""
    return {
        "account_key": vault.keyed(f"account:{email.lower()}"),
        "address_key": vault.keyed(f"address:{network_of(request.remote_addr or '')}"),
    }


@pages.get("/login")
@permit(Permission.PUBLIC)
def sign_in() -> str:
    return render_template("auth/sign_in.html", form=SignInForm(), next_url=safe_next(request.args.get("next")))


@pages.post("/login")
@limiter.limit("60/minute")
@permit(Permission.PUBLIC)
def enter() -> Response | tuple[str, int]:
    form = SignInForm(request.form)
    if not form.validate():
        return _again(form)
    email, keys, now = form.email.data.lower(), attempt_keys(form.email.data), clock.now()
    tries = people.tries(db.session(), **keys, now=now)
    user = people.user_by_email(db.session(), email)
    user_id, stored = (user.id, user.password_hash) if user else (None, None)
    if not may_try(tries):
        run(verbs.fail_password, **keys, user_id=user_id, throttled=True, actor=actor(), now=now)
        form.add_error("password", TOO_MANY)
        return _again(form, status=429)
    password = normalise_password(form.password.data)
    db.session.rollback()  # no transaction stays open while argon2 works
    if not vault.verify_password(stored, password) or user_id is None or stored is None:
        run(verbs.fail_password, **keys, user_id=user_id, throttled=False, actor=actor(), now=now)
        form.add_error("password", WRONG)
        return _again(form)
    return _open_session(form, user_id, stored=stored, password=password, keys=keys)


def _open_session(
    form: SignInForm, user_id: int, *, stored: str, password: str, keys: dict[str, str]
) -> Response | tuple[str, int]:
    token = vault.make_token()
    try:
        result = run(
            verbs.pass_password,
            user_id,
            verified_hash=stored,
            new_hash=vault.hash_password(password) if vault.needs_rehash(stored) else None,
            token_hash=token_hash(token),
            **keys,
            agent=request.user_agent.string,
            actor=actor(),
            now=clock.now(),
        )
    except Refusal as refusal:
        form.add_error("password", refusal.sentence)
        return _again(form)
    target = safe_next(request.form.get("next"))
    start_session_cookie(token)
    if target:
        session["next"] = target
    if result.second_factor is None:
        return _arrive()
    return see_other("auth.second_factor" if result.second_factor else "auth.set_up_second_factor")


def _again(form: SignInForm, *, status: int = 200) -> tuple[str, int]:
    page = render_template("auth/sign_in.html", form=form, errors=True, next_url=safe_next(request.form.get("next")))
    return page, status


def _arrive() -> Response:
    """Where a completed sign-in leads: the page asked for, the choice of a company, or home."""
    return redirect(session.pop("next", None) or url_for("home.arrive"), 303)


@pages.get("/login/second-factor")
@permit(Permission.HALF_SIGNED_IN)
def second_factor() -> Response | str:
    if viewer.kind != "half":
        return _arrive()
    if not viewer.has_second_factor:
        return see_other("auth.set_up_second_factor")
    return render_template("auth/second_factor.html", form=SecondFactorForm())


@pages.post("/login/second-factor")
@limiter.limit("60/minute")
@permit(Permission.HALF_SIGNED_IN)
def check_second_factor() -> Response | tuple[str, int]:
    form, now = SecondFactorForm(request.form), clock.now()
    if viewer.kind != "half" or viewer.session_id is None or viewer.user_id is None:
        return _arrive()
    if not form.validate():
        return render_template("auth/second_factor.html", form=form, errors=True), 200
    user = people.user_by_id(db.session(), viewer.user_id)
    keys = attempt_keys(user.email)
    if not may_try(people.tries(db.session(), **keys, now=now)):
        form.add_error("code", TOO_MANY)
        return render_template("auth/second_factor.html", form=form, errors=True), 429
    code = half_width_digits(form.code.data).replace("-", "").replace(" ", "")
    secret = vault.decrypt(user.totp_secret_enc or "")
    step = vault.matching_step(secret, code, now=now) if secret and code.isdigit() else None
    try:
        if step is not None:
            run(verbs.pass_second_factor, viewer.session_id, step=step, keys=keys, actor=actor(), now=now)
            return _arrive()
        recovery = vault.recovery_hash(form.code.data)
        if run(verbs.use_recovery_code, viewer.session_id, code_hash=recovery, keys=keys, actor=actor(), now=now):
            flash("リカバリーコードを使ってサインインしました。使ったコードは、もう使えません。", "warning")
            return _arrive()
        run(verbs.fail_second_factor, viewer.session_id, **keys, actor=actor(), now=now)
        form.add_error("code", "確認コードが合いません。認証アプリに表示されている最新の6桁を入力してください。")
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
    return render_template("auth/second_factor.html", form=form, errors=True), 200


@pages.get("/login/second-factor/set-up")
@permit(Permission.HALF_SIGNED_IN)
def set_up_second_factor() -> Response | str:
    if viewer.kind != "half" or viewer.has_second_factor:
        return _arrive() if viewer.kind != "half" else see_other("auth.second_factor")
    return _set_up_page(SetUpSecondFactorForm())


def _set_up_page(form: SetUpSecondFactorForm) -> str:
    """The page with the secret to be proved; it waits encrypted in the cookie until a code has shown that it works."""
    secret = vault.decrypt(session.get(_PENDING_SECRET, "")) or vault.make_totp_secret()
    session[_PENDING_SECRET] = vault.encrypt(secret)
    user = people.user_by_id(db.session(), viewer.user_id or 0)
    return render_template(
        "auth/set_up_second_factor.html",
        form=form,
        errors=bool(form.errors),
        qr=svg_path(vault.totp_uri(secret, account=user.email)),
        key_text=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        mandatory="管理者の方と職員",
    )


@pages.post("/login/second-factor/set-up")
@limiter.limit("60/minute")
@permit(Permission.HALF_SIGNED_IN)
def finish_second_factor() -> Response | str:
    form, now = SetUpSecondFactorForm(request.form), clock.now()
    if viewer.kind != "half" or viewer.session_id is None:
        return _arrive()
    secret = vault.decrypt(session.get(_PENDING_SECRET, ""))
    if not form.validate() or secret is None:
        return _set_up_page(form)
    step = vault.matching_step(secret, half_width_digits(form.code.data).replace(" ", ""), now=now)
    if step is None:
        form.add_error(
            "code", "確認コードが合いません。端末の時刻が合っているかを確かめ、最新の6桁を入力してください。"
        )
        return _set_up_page(form)
    codes = [vault.make_recovery_code() for _ in range(verbs.RECOVERY_CODES)]
    try:
        run(
            verbs.set_up_second_factor,
            viewer.session_id,
            secret_enc=vault.encrypt(secret),
            step=step,
            recovery_hashes=[vault.recovery_hash(code) for code in codes],
            keys=attempt_keys(people.user_by_id(db.session(), viewer.user_id or 0).email),
            actor=actor(),
            now=now,
        )
    except Refusal as refusal:
        form.add_error("code", refusal.sentence)
        return _set_up_page(form)
    session.pop(_PENDING_SECRET, None)
    forget_viewer()  # no longer half signed in
    return render_template("auth/recovery_codes.html", codes=codes)


@pages.post("/login/recovery-codes")
@permit(Permission.SIGNED_IN)
def keep_recovery_codes() -> Response:
    """The person says that the codes are kept; they were shown once and are gone."""
    return _arrive()


@pages.get("/login/company")
@permit(Permission.SIGNED_IN)
def choose_company() -> str:
    companies = [
        {
            "key": f"{place.member_id}.{place.mandate_id or ''}",
            "name": place.name,
            "role_label": _place_words(place),
            "note": f"事業者コード {place.operator_code}",
            "current": (place.member_id, place.mandate_id) == (viewer.member_id, viewer.mandate_id),
        }
        for place in people.places_of(db.session(), viewer.user_id or 0, today=today_jst(clock.now()))
    ]
    return render_template("auth/choose_company.html", companies=companies)


@pages.post("/login/company")
@permit(Permission.SIGNED_IN)
def take_company() -> Response:
    member, _dot, mandate = request.form.get("company", "").partition(".")
    member_id, mandate_id = clamped_id(member), clamped_id(mandate)
    if member_id is None or viewer.session_id is None or (mandate and mandate_id is None):
        return see_other("auth.choose_company")
    run(
        verbs.choose_company,
        viewer.session_id,
        member_id=member_id,
        mandate_id=mandate_id,
        actor=actor(),
        now=clock.now(),
    )
    return see_other("home.home")


def _place_words(place: people.Company) -> str:
    if place.mandate_id is None:
        return label(place.role)
    return f"{place.contractor_name} が受託（{'・'.join(label(one) for one in place.procedures)}）"


@pages.post("/logout")
@permit(Permission.PUBLIC)
def sign_out() -> Response:
    if viewer.session_id is not None:
        run(verbs.end_session, viewer.session_id, actor=actor(), now=clock.now())
    was_applicant = viewer.kind == "applicant"
    end_session_cookie()
    words = (
        "申請を中断しました。続けるときは、同じメールアドレスで新しいリンクをお受け取りください。"
        if was_applicant
        else "ログアウトしました。"
    )
    flash(words, "success")
    return see_other("public.index")


@pages.get("/password/forgot")
@permit(Permission.PUBLIC)
def forgot_password() -> str:
    return render_template("auth/forgot_password.html", form=EmailForm())


@pages.post("/password/forgot")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def ask_password_link() -> Response | str:
    form, now = EmailForm(request.form), clock.now()
    if not form.validate():
        return render_template("auth/forgot_password.html", form=form, errors=True)
    keys = attempt_keys(form.email.data)
    pair, address = people.link_requests(db.session(), **keys, now=now)
    if may_request_link(pair=pair, address=address):
        run(verbs.request_password_link, email_key=form.email.data.lower(), **keys, actor=actor(), now=now)
    else:
        run(verbs.note_attempt, **keys, outcome=SignInOutcome.THROTTLED, now=now)
    return see_other("auth.password_link_sent")


@pages.get("/password/sent")
@permit(Permission.PUBLIC)
def password_link_sent() -> str:
    return render_template("auth/forgot_password_done.html", valid_for=f"{SET_PASSWORD_HOURS // 24}日間")


@pages.get("/password/<token>")
@permit(Permission.PUBLIC)
def set_password(token: str) -> str | tuple[str, int]:
    try:
        link = links.inspect(db.session(), token_hash(token), purpose=LinkPurpose.SET_PASSWORD, now=clock.now())
    except Refusal as refusal:
        return render_template("auth/link_invalid.html", reason=refusal.sentence), 410
    return _password_page(NewPasswordForm(), user_id=link.user_id or 0)


def _password_page(form: NewPasswordForm, *, user_id: int) -> str:
    user = people.user_by_id(db.session(), user_id)
    return render_template(
        "auth/set_password.html",
        form=form,
        errors=bool(form.errors),
        name=user.name,
        account_mail=user.email,
        min_length=people.password_minimum(db.session(), user_id),
    )


@pages.post("/password/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def save_password(token: str) -> Response | str | tuple[str, int]:
    form, now = NewPasswordForm(request.form), clock.now()
    try:
        link = links.inspect(db.session(), token_hash(token), purpose=LinkPurpose.SET_PASSWORD, now=now)
        user_id = link.user_id or 0
        if not form.validate() or not _good(form, user_id=user_id):
            return _password_page(form, user_id=user_id)
        password = normalise_password(form.password.data)
        db.session.rollback()
        hashed = vault.hash_password(password)
        run(verbs.set_password, token_hash(token), password_hash=hashed, actor=actor(), now=now)
    except Refusal as refusal:
        return render_template("auth/link_invalid.html", reason=refusal.sentence), 410
    end_session_cookie()
    flash("パスワードを設定しました。メールアドレスと新しいパスワードでサインインしてください。", "success")
    return see_other("auth.sign_in")


def _good(form: NewPasswordForm, *, user_id: int) -> bool:
    """Whether the new password may be taken; says why not beside the field."""
    if form.password.data != form.again.data:
        form.add_error("again", "2回の入力が合いません。同じパスワードをもう一度入力してください。")
        return False
    session_ = db.session()
    user = people.user_by_id(session_, user_id)
    context = ["occto", "広域", "電力広域的運営推進機関", user.name, user.email.split("@")[0]]
    context += [company.name for company in people.companies_of(session_, user_id)]
    try:
        check_password(form.password.data, minimum=people.password_minimum(session_, user_id), context_words=context)
    except InputError as error:
        form.add_error("password", str(error))
        return False
    return True
