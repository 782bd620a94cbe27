"""The way in: ask for the link, press its button, agree to the terms, confirm for a contractor."""

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from occto import clock, vault
from occto.access import actor, permit, start_session_cookie, token_hash
from occto.answers import shown
from occto.domain.canonical import digest
from occto.domain.codes import LinkPurpose, SignInOutcome
from occto.domain.errors import NotFound, Refusal
from occto.domain.joining import DECIDED
from occto.domain.permissions import Permission
from occto.domain.settings import APPLY_URL_HOURS
from occto.domain.terms import parse
from occto.domain.throttle import may_request_link
from occto.extensions import db, limiter
from occto.forms.join import LinkRequestForm
from occto.queries import applications, people
from occto.queries.terms import terms_in_force
from occto.services import links, sign_in
from occto.services.joining import entry as verbs
from occto.services.joining import submission
from occto.services.joining.drafts import stage_for_editing
from occto.unit_of_work import run
from occto.views.auth import attempt_keys
from occto.views.join.blueprint import load_case, pages
from occto.views.tools import see_other

NEW = "new"


@pages.get("/")
@permit(Permission.PUBLIC)
def request_link() -> str:
    return render_template("join/request_link.html", form=LinkRequestForm(), hours=APPLY_URL_HOURS)


@pages.post("/")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def ask_link() -> Response | str:
    form, now = LinkRequestForm(request.form), clock.now()
    if not form.validate():
        return render_template("join/request_link.html", form=form, errors=True, hours=APPLY_URL_HOURS)
    keys = attempt_keys(form.email.data)
    pair, address = people.link_requests(db.session(), **keys, now=now)
    if may_request_link(pair=pair, address=address):
        run(verbs.request_link, form.email.data, **keys, actor=actor(), now=now)
    else:
        run(sign_in.note_attempt, **keys, outcome=SignInOutcome.THROTTLED, now=now)
    return see_other("join.link_sent")


@pages.get("/sent")
@permit(Permission.PUBLIC)
def link_sent() -> str:
    return render_template("join/link_sent.html", hours=APPLY_URL_HOURS)


@pages.get("/links/<token>")
@permit(Permission.PUBLIC)
def open_link(token: str) -> str | tuple[str, int]:
    """The page with the button; opening it uses nothing up (mail scanners open links too)."""
    try:
        link = links.inspect(db.session(), token_hash(token), purpose=LinkPurpose.APPLY, now=clock.now())
    except Refusal as refusal:
        return render_template("join/link_invalid.html", reason=refusal.sentence), 410
    cases = verbs.open_applications(db.session(), link.email_key)
    first = next((case.id for case in cases if case.state not in DECIDED), None)
    return render_template("join/open_link.html", cases=cases, first=first, new=NEW)


@pages.post("/links/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def use_link(token: str) -> Response | tuple[str, int]:
    chosen = request.form.get("application", NEW)
    known = chosen == NEW or (chosen.isascii() and chosen.isdigit() and len(chosen) < 19)
    if not known:
        raise NotFound
    application_id = None if chosen == NEW else int(chosen)
    session_token = vault.make_token()
    try:
        opened = run(
            verbs.use_apply_link,
            token_hash(token),
            application_id=application_id,
            session_hash=token_hash(session_token),
            agent=request.user_agent.string,
            actor=actor(),
            now=clock.now(),
        )
    except Refusal as refusal:
        return render_template("join/link_invalid.html", reason=refusal.sentence), 410
    start_session_cookie(session_token)
    return see_other("join.application", application_id=opened)


@pages.get("/applications/<int:application_id>/terms")
@permit(Permission.APPLICATION_PAGES)
def terms(application_id: int) -> str:
    case = load_case(application_id)
    version = terms_in_force(db.session(), now=clock.now())
    return render_template("join/terms.html", case=case, version=version, document=parse(version.text))


@pages.post("/applications/<int:application_id>/terms")
@permit(Permission.APPLICATION_PAGES)
def agree(application_id: int) -> Response:
    case = load_case(application_id)
    seen = request.form.get("version", type=int) or 0
    try:
        run(verbs.agree_to_terms, application_id, seen_terms_id=seen, actor=actor(), now=clock.now())
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
        return see_other("join.terms", application_id=case.id)
    done = "書面での同意を記録しました。" if case.on_paper else "利用規約に同意いただきました。"
    flash(f"{done}続いて、申請の内容を入力してください。", "success")
    return see_other("join.tasks", application_id=case.id)


@pages.get("/confirm/<token>")
@permit(Permission.PUBLIC)
def open_confirmation(token: str) -> str | tuple[str, int]:
    """What a contractor entered, for the 会員担当 to read; a button below makes the submission count."""
    session = db.session()
    try:
        link = links.inspect(session, token_hash(token), purpose=LinkPurpose.CONFIRM_APPLICATION, now=clock.now())
        application = applications.case_of_link(session, link)
        answers = submission.answers_to_confirm(session, application, asked=link.email_key)
    except Refusal as refusal:
        return _not_confirmed(refusal)
    stage = stage_for_editing(application)
    return render_template(
        "join/confirm.html",
        application=application,
        stage=stage,
        sections=shown(answers, stage=stage),
        digest=digest(answers),
    )


_CONFIRMATION_GONE = {
    "link_used": "このリンクのボタンは、すでに押されています。提出を受け付けた場合は、控えのメールに受付番号があります。",
    "link_revoked": "内容が直されたため、新しい確認のメールをお送りしています。いちばん新しいメールのリンクを開いてください。",
    "link_expired": "このリンクは、有効な期間が過ぎました。",
    "link_unknown": "このリンクは確認できませんでした。途中で切れていないか、お確かめください。",
}


def _not_confirmed(refusal: Refusal) -> tuple[str, int]:
    reason = _CONFIRMATION_GONE.get(refusal.code, refusal.sentence)
    return render_template("join/confirm_invalid.html", reason=reason, done=refusal.code == "link_used"), 410


@pages.post("/confirm/<token>")
@limiter.limit("30/minute")
@permit(Permission.PUBLIC)
def confirm(token: str) -> str | tuple[str, int]:
    try:
        seen = request.form.get("digest", "")
        number = run(submission.confirm, token_hash(token), seen_digest=seen, actor=actor(), now=clock.now())
    except Refusal as refusal:
        return _not_confirmed(refusal)
    return render_template("join/confirmed.html", number=number)
