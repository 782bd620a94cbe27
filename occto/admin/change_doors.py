"""The doors of 変更申請: for every decision one POST, its permission, its input and the verb behind it. No rule stands here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import clamped_id
from occto.admin.change_page import entry_page, titles
from occto.admin.sent import sent_version
from occto.domain.changes import CHANGES, evidence_key, title_word
from occto.domain.codes import Audience
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal, Stale
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms import review as forms
from occto.forms.base import BaseForm
from occto.models import ChangeRequest
from occto.queries.changes_staff import RequestFile, next_waiting, request_file
from occto.services.changes import approval, review, splitting, submission
from occto.services.changes.case import change_of
from occto.views.tools import new_form_id, once, see_other

STALE = "画面を開いたあとに内容が変わりました。この画面の「いまの内容」を確かめてから、もう一度操作してください。"
COLLIDED = "ほかの方の操作と重なりました。いまの内容を確かめて、もう一度操作してください。"


@dataclass(frozen=True, slots=True)
class Door:
    """One decision: `verb` gets what `values` takes out of the form and the request. `step` None: no step of the flow."""

    step: str | None
    verb: Callable[..., Any]
    form: Callable[[RequestFile], type[BaseForm]]
    values: Callable[[Any, RequestFile], dict[str, Any]]
    done: str
    title: str = ""
    lead: str = ""
    prefill: Callable[[RequestFile], dict[str, Any]] = lambda _file: {}


def _plain(_file: RequestFile) -> type[BaseForm]:
    return forms.PlainForm


def _nothing(_form: Any, _file: RequestFile) -> dict[str, Any]:
    return {}


def places(file: RequestFile) -> dict[str, tuple[str, str]]:
    """The place of every item that is not decided, by its key in forms."""
    return {evidence_key(change_of(row)): (row.item, row.target_key) for row in file.undecided}


def _titles(file: RequestFile) -> dict[str, str]:
    return titles(change_of(row) for row in file.undecided)


def _returned(form: Any, file: RequestFile) -> dict[str, Any]:
    known = places(file)
    return {"reason": form.reason.data, "remarks": {known[key]: words for key, words in form.remarks().items()}}


def _proposed_return(file: RequestFile) -> dict[str, Any]:
    """The marks of the items as the company would read them."""
    noted = review.remarks_of(db.session(), file.request.id)
    found = {f"remark_{key}": noted[place] for key, place in places(file).items() if place in noted}
    if found:
        words = list(dict.fromkeys(title_word(place[0]) for place in places(file).values() if place in noted))
        more = f"ほか{len(words) - _NAMED}項目" if len(words) > _NAMED else ""
        found["reason"] = f"{'、'.join(words[:_NAMED])}{more}の内容について、修正をお願いします。"
    return found


_NAMED = 5
"""How many items the proposed reason names."""


def _split(form: Any, file: RequestFile) -> dict[str, Any]:
    known = places(file)
    return {"places": [known[key] for key in form.places.data or () if key in known], "reason": form.reason.data}


def _remark(session: Session, request_id: int, *, seen_version: int, **values: Any) -> None:
    # A letter decides nothing: it may cross with a decision, so the version is not asked.
    del seen_version
    review.write_remark(session, request_id, **values)


DOORS: dict[str, Door] = {
    "take": Door("take", review.take, _plain, _nothing, "審査を始めました。担当者として記録しました。"),
    "resume": Door("resume", review.resume, _plain, _nothing, "保留を解除しました。"),
    "return": Door(
        "return_request",
        review.give_back,
        lambda file: forms.return_form(_titles(file)),
        _returned,
        "差し戻しました。理由と指摘を会員にメールで知らせます。",
        lead="申請の全体を差し戻します。会員は、指摘のあった項目を直して再び提出できます。理由と指摘は、会員にそのまま伝わります。",
        prefill=_proposed_return,
    ),
    "check": Door(
        "check",
        review.check,
        _plain,
        _nothing,
        "確認済みにしました。別の方が承認すると、登録されます。",
        lead="次の内容を確かめてください。確認した方とは別の方が承認すると、登録されます。",
    ),
    "approve": Door(
        "approve",
        approval.approve,
        _plain,
        _nothing,
        "承認しました。それぞれの日から有効になるように登録し、会員にメールで知らせます。",
        lead="承認すると、次の内容を、それぞれの日から有効になるように登録します。",
    ),
    "hold": Door(
        "hold",
        review.hold,
        lambda _file: forms.HoldForm,
        lambda form, _file: {"reason": form.reason.data},
        "保留にしました。",
        lead="保留の間は、承認や差戻しができません。会員が再び提出すると、保留は解かれます。",
    ),
    "split": Door(
        "split",
        splitting.split,
        lambda file: forms.split_form(_titles(file).items()),
        _split,
        "申請を分けました。新しい申請の番号を会員にメールで知らせます。",
        lead="選んだ項目を新しい申請へ移します。提出日と書類は、どちらにも引き継がれます。",
    ),
    "withdraw": Door(
        "withdraw",
        submission.withdraw,
        lambda _file: forms.StaffWithdrawForm,
        lambda form, _file: {"reason": form.reason.data},
        "取り下げました。",
        lead="退会した会員と、利用契約のない会員（紙対応）は、画面から取り下げられません。申し出を確かめて、代わりに取り下げます。",
    ),
    "remark": Door(
        None,
        _remark,
        lambda _file: forms.RemarkForm,
        lambda form, _file: {"body": form.body.data, "audience": Audience(form.audience.data)},
        "書き込みました。",
        title="連絡・覚え書きを書く",
    ),
}
_ENTRY, _BUTTON = ("GET", "POST"), ("POST",)


def _allowed(step: str) -> Permission:
    return CHANGES.step(step).permission


class ChangeDoors:
    """The routes. Entry pages answer GET and POST; what needs no input is a button on the page of the request."""

    get_one: Callable[[Any], Any]
    render: Callable[..., str]
    note: Callable[..., None]
    shown: Callable[..., str]

    @expose("/take/", methods=_BUTTON)
    @permit(_allowed("take"))
    def take(self) -> Any:
        return self.decide("take")

    @expose("/resume/", methods=_BUTTON)
    @permit(_allowed("resume"))
    def resume(self) -> Any:
        return self.decide("resume")

    @expose("/return/", methods=_ENTRY)
    @permit(_allowed("return_request"))
    def give_back(self) -> Any:
        return self.decide("return")

    @expose("/check/", methods=_ENTRY)
    @permit(_allowed("check"))
    def check(self) -> Any:
        return self.decide("check")

    @expose("/approve/", methods=_ENTRY)
    @permit(_allowed("approve"))
    def approve(self) -> Any:
        return self.decide("approve")

    @expose("/hold/", methods=_ENTRY)
    @permit(_allowed("hold"))
    def hold(self) -> Any:
        return self.decide("hold")

    @expose("/split/", methods=_ENTRY)
    @permit(_allowed("split"))
    def split(self) -> Any:
        return self.decide("split")

    @expose("/withdraw/", methods=_ENTRY)
    @permit(Permission.CHANGE_PROCESS)
    def withdraw(self) -> Any:
        return self.decide("withdraw")

    @expose("/remark/", methods=_ENTRY)
    @permit(Permission.CHANGE_PROCESS)
    def remark(self) -> Any:
        return self.decide("remark")

    @expose("/marks/", methods=_BUTTON)
    @permit(Permission.CHANGE_PROCESS)
    def marks(self) -> Any:
        """Keep what was noted of the items; refused, the page comes back with everything typed."""
        row = self._row()
        number = row.id
        file = request_file(db.session(), row)
        form = forms.marks_form(_titles(file))(request.form)
        known, version = places(file), sent_version()
        onward = request.form.get("do") == "return"
        if not form.validate():
            return self.shown(row, form=form), 422

        def act(session: Session) -> str:
            noted = {known[key]: mark for key, mark in form.marks().items()}
            review.mark(session, number, marks=noted, seen_version=version, actor=actor(), now=clock.now())
            if onward:
                return url_for("change_requests.give_back", id=number, version=version)
            return url_for("change_requests.details_view", id=number)

        try:
            answer = once(act)
        except (Refusal, IntegrityError) as problem:
            sentence = problem.sentence if isinstance(problem, Refusal) else COLLIDED
            field = getattr(problem, "field", None)
            form.add_error(f"words_{field.rstrip(':')}" if field else None, sentence)
            return self.shown(self.get_one(number), form=form), 409
        if not onward:
            flash("項目ごとの確認を記録しました。まだ何も決定していません。", "success")
        return answer

    def _row(self) -> ChangeRequest:
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        found: ChangeRequest = row
        return found

    def decide(self, name: str) -> Any:
        """Show the entry page of a door, or go through it: once, on the version that was on the screen."""
        door, row = DOORS[name], self._row()
        number, today = row.id, today_jst(clock.now())
        file = request_file(db.session(), row)
        if request.method == "GET":
            form = door.form(file)(data=door.prefill(file), today=today)
            version = clamped_id(request.args.get("version")) or row.version
            return self._entry(name, file, form, version)
        form = door.form(file)(request.form, today=today)
        version = sent_version()
        if not form.validate():
            return self._entry(name, file, form, version), 422
        values = door.values(form, file)

        def act(session: Session) -> str:
            door.verb(session, number, seen_version=version, actor=actor(), now=clock.now(), **values)
            return url_for("change_requests.details_view", id=number)

        try:
            answer = once(act)
        except (Refusal, IntegrityError) as problem:
            return self._refused(name, number, form, version, problem)
        self._congratulate(door, number)
        return answer

    def _refused(self, name: str, number: int, form: BaseForm, version: int, problem: Exception) -> Any:
        """Beside the field or above the form, with everything typed; a button's refusal stands on the request's page."""
        stale = isinstance(problem, Stale)
        sentence = problem.sentence if isinstance(problem, Refusal) else COLLIDED
        if name in {"take", "resume"}:
            flash(sentence, "danger")
            return see_other("change_requests.details_view", id=number)
        form.add_error(getattr(problem, "field", None), STALE if stale else sentence)
        file = request_file(db.session(), self.get_one(number))
        if stale:  # what is typed is kept, and what is on record now stands beside it
            version = file.request.version
        return self._entry(name, file, form, version), 409

    def _entry(self, name: str, file: RequestFile, form: BaseForm, version: int) -> str:
        door = DOORS[name]
        number = file.request.id
        body = self.render(
            "admin/change_decide.html",
            door=door,
            title=door.title or CHANGES.step(door.step or "").label,
            form=form,
            action=url_for(request.endpoint or ""),
            number=number,
            version=version,
            form_id=new_form_id(),
            errors=bool(form.errors or form.form_errors),
            **entry_page(db.session(), file, name=name, today=today_jst(clock.now())),
        )
        self.note([], details=True, ids=[number])
        return body

    def _congratulate(self, door: Door, number: int) -> None:
        """Say what was done and where the next work waits."""
        following = next_waiting(db.session(), viewer=viewer, but=number)
        message = Markup("{}").format(door.done)
        if following is not None:
            address = url_for("change_requests.details_view", id=following.id)
            message += Markup(' <a href="{}">次の申請（{}　{}）へ進む</a>').format(
                address, following.number or "", following.title
            )
        flash(message, "success")
