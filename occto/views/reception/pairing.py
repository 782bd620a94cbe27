"""Pairing: the short code, typed or read as a QR code, then a button. Opening an address pairs nothing."""

import json

from flask import Response, current_app, render_template, request, send_from_directory, url_for
from werkzeug.wrappers import Response as BaseResponse

from occto import clock, desk_codes, vault
from occto.access import actor, asking, permit, start_desk_cookie, token_hash
from occto.domain.codes import SignInOutcome
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.text import storable
from occto.domain.throttle import may_pair, network_of
from occto.extensions import db, limiter
from occto.queries.people import tries
from occto.services import sign_in
from occto.services.reception.desks import pair_desk
from occto.unit_of_work import run
from occto.views.reception.blueprint import pages
from occto.views.tools import see_other

TOO_MANY = "続けて何度も合わなかったため、しばらく受け付けられません。15分ほど待ってから、もう一度お試しください。"
EMPTY = "受付責任者の画面に表示されている番号を入力してください。"


@pages.get("/")
@permit(Permission.PUBLIC)
def pair() -> BaseResponse | str:
    """Where a device becomes a desk; a paired one goes on to its page."""
    desk = asking().desk
    if desk is not None:
        return see_other("reception.desk_page", assembly=desk.assembly_id)
    return _page(typed=request.args.get("code", ""))


@pages.post("/")
@limiter.limit("60/minute")
@permit(Permission.PUBLIC)
def take_code() -> BaseResponse | str | tuple[str, int]:
    """Use the code up. A wrong one, a used one and one that is over are answered alike."""
    typed, now = request.form.get("code", ""), clock.now()
    keys = {
        "account_key": vault.keyed("desk-pairing"),
        "address_key": vault.keyed(f"desk-address:{network_of(request.remote_addr or '')}"),
    }
    if not typed.strip():
        return _page(typed="", error=EMPTY), 422
    if not may_pair(tries(db.session(), **keys, now=now).pair):
        return _page(typed="", error=TOO_MANY), 429
    key, stamp = vault.make_token(), actor()
    try:
        assembly = run(pair_desk, code_hash=desk_codes.hash_of(typed), key_hash=token_hash(key), actor=stamp, now=now)
    except Refusal as refusal:
        run(sign_in.note_attempt, **keys, outcome=SignInOutcome.BAD_CODE, now=now)
        return _page(typed=typed, error=refusal.sentence), 422
    if stamp.session_id is not None:  # whoever was signed in here is so no longer: a desk is nobody's sign-in
        run(sign_in.end_session, stamp.session_id, actor=stamp, now=now)
    start_desk_cookie(key)
    return see_other("reception.desk_page", assembly=assembly)


def _page(*, typed: str, error: str = "") -> str:
    shown = storable(typed[: desk_codes.LONGEST_TYPED])
    return render_template("reception/pair.html", typed=shown, error=error, errors=bool(error))


@pages.get("/worker.js")
@permit(Permission.PUBLIC)
def worker() -> Response:
    """The service worker: it stands here and not among the static files, so that it rules over the desks' pages alone."""
    assert current_app.static_folder is not None
    answer = send_from_directory(f"{current_app.static_folder}/js", "desk-worker.js", max_age=0)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@pages.get("/manifest.webmanifest")
@permit(Permission.PUBLIC)
def manifest() -> Response:
    """What lets a desk be installed as an application of its own."""
    fields = {
        "name": "総会の受付",
        "short_name": "受付",
        "lang": "ja",
        "start_url": url_for("reception.pair"),
        "scope": url_for("reception.pair"),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": [{"src": url_for("static", filename="icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(json.dumps(fields, ensure_ascii=False), mimetype="application/manifest+json")
