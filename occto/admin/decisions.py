"""The doors of 加入申請: for every decision one POST, its permission, its input and the verb behind it. No rule stands here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto import clock, signing
from occto.access import actor, permit, viewer
from occto.admin.base import clamped_id
from occto.admin.case_page import entry_page, proposed_day
from occto.admin.sent import sent_version
from occto.domain.codes import Audience
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal, Stale
from occto.domain.joining import JOINING, MAIN_STAGE, Stage
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms import staff as forms
from occto.forms.base import BaseForm
from occto.models import Application
from occto.queries.applications_staff import CaseFile, case_file
from occto.queries.staff import next_waiting
from occto.services.joining import approval, lapse, review
from occto.views.tools import new_form_id, once, see_other

Verb = Callable[..., Any]
Taken = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Door:
    """One decision: `verb` gets what `values` takes out of the form. `step` None: no step of the flow.

    `lead` says what will happen; `prefill` proposes values when the page is opened.
    """

    step: str | None
    verb: Verb
    form: Callable[[Application], type[BaseForm]]
    values: Taken
    done: str
    title: str = ""
    lead: str = ""
    danger: bool = False
    prefill: Callable[[CaseFile], dict[str, Any]] = lambda _file: {}


def _stage(application: Application) -> Stage:
    return Stage.MAIN if application.state in MAIN_STAGE else Stage.PROVISIONAL


def _nothing(_form: Any) -> dict[str, Any]:
    return {}


def _reason(form: Any) -> dict[str, Any]:
    return {"reason": form.reason.data}


def _proposed_check(file: CaseFile) -> dict[str, Any]:
    case = file.application
    return {
        "member_on": case.member_on or proposed_day(file),
        "member_on_reason": case.member_on_reason,
        "roster_no": case.roster_no or review.next_roster_no(db.session()),
    }


def _remark(session: Session, application_id: int, *, seen_version: int, **values: Any) -> None:
    # A letter decides nothing: it may cross with a decision, so the version is not asked.
    del seen_version
    review.write_remark(session, application_id, **values)


DOORS: dict[str, Door] = {
    "take": Door("take", review.take, lambda _a: forms.PlainForm, _nothing, "審査を始めました。担当者として記録しました。"),
    "accept": Door(
        "accept",
        review.accept,
        lambda _a: forms.PlainForm,
        _nothing,
        "受け付けました。加入仮申請受付票を申請者にメールで知らせます。",
    ),
    "return": Door(
        None,
        review.give_back,
        lambda application: forms.return_form(_stage(application)),
        lambda form: {"reason": form.whole_reason(), "remarks": form.remarks()},
        "差し戻しました。理由とコメントを申請者にメールで知らせます。",
        title="差し戻す",
        lead="申請者は、指摘のあった項目を直して再び提出できます。理由とコメントは、申請者にそのまま伝わります。",
    ),
    "hold": Door(
        "hold",
        review.hold,
        lambda _a: forms.HoldForm,
        _reason,
        "保留にしました。",
        lead="保留の間は、受付や承認などの決定ができません。申請者が再び提出すると、保留は解かれます。",
    ),
    "resume": Door("resume", review.resume, lambda _a: forms.PlainForm, _nothing, "保留を解除しました。"),
    "operator-code": Door(
        "record_operator_code",
        review.record_operator_code,
        lambda _a: forms.OperatorCodeForm,
        lambda form: {"operator_code": form.operator_code.data},
        "事業者コードを記録しました。申請者にメールで知らせます。",
    ),
    "check": Door(
        "check",
        review.check,
        lambda _a: forms.CheckForm,
        lambda form: {
            "member_on": form.member_on.data,
            "member_on_reason": form.member_on_reason.data or "",
            "roster_no": form.roster_no.data,
        },
        "確認済みにしました。別の方が承認すると、会員になります。",
        lead="会員となる日と名簿番号を確かめてください。承認は、確認した方とは別の方が行います。",
        prefill=_proposed_check,
    ),
    "approve": Door(
        "approve",
        approval.approve,
        lambda _a: forms.PlainForm,
        _nothing,
        "承認しました。会員として登録し、管理者になる方にメールで知らせます。",
        lead="承認すると、次の内容で会員名簿に登録し、管理者のユーザIDを作ります。",
    ),
    "not-qualified": Door(
        "not_qualified",
        review.not_qualified,
        lambda _a: forms.NoActForm,
        lambda form: {"reason": form.reason.data, "no_act_confirmed": bool(form.no_act_confirmed.data)},
        "資格なしとして終了しました。申請者にメールで知らせます。",
        lead="電気事業者になる登録・許可・届出が行われなかった申請だけを、ここで終えます。資格のある申請は断れません（電気事業法 28条の10）。",
        danger=True,
    ),
    "lapse": Door(
        "lapse",
        lapse.lapse,
        lambda _a: forms.NoActForm,
        lambda form: {"reason": form.reason.data, "no_act_confirmed": bool(form.no_act_confirmed.data)},
        "失効させました。申請者にメールで知らせます。",
        lead="仮申請から1年を経過しても本申請がないため、本システム利用契約を解除します（利用規約 2.7.2④）。",
        danger=True,
    ),
    "extend": Door(
        "extend",
        lapse.extend,
        lambda _a: forms.ExtendForm,
        lambda form: {"until": form.until.data, "reason": form.reason.data},
        "期限を延ばしました。新しい期限を申請者にメールで知らせます。",
        lead="本申請の期限を延ばします。理由は記録に残ります（利用規約 2.7.2④）。",
    ),
    "carry-to-main": Door(
        "carry_to_main",
        lapse.carry_to_main,
        lambda _a: forms.ReasonForm,
        _reason,
        "本申請へ進めました。申請者にメールで知らせます。",
        lead="登録・許可・届出がすでに行われている申請を、本申請の作成へ進めます。会員となる日は失われません（電気事業法 28条の11）。",
    ),
    "remark": Door(
        None,
        _remark,
        lambda _a: forms.RemarkForm,
        lambda form: {"body": form.body.data, "audience": Audience(form.audience.data)},
        "書き込みました。",
        title="連絡・覚え書きを書く",
    ),
}  # fmt: skip

_PROCESS = Permission.APPLICATION_PROCESS
_ENTRY, _BUTTON = ("GET", "POST"), ("POST",)
STALE = "画面を開いたあとに内容が変わりました。この画面の「いまの内容」を確かめてから、もう一度操作してください。"
COLLIDED = "ほかの方の操作と重なりました。番号などが先に使われていないか確かめて、もう一度操作してください。"


def _allowed(step: str) -> Permission:
    return JOINING.step(step).permission


class Decisions:
    """The routes. Entry pages answer GET and POST; what needs no input is a button on the case page."""

    get_one: Callable[[Any], Any]
    render: Callable[..., str]

    @expose("/take/", methods=_BUTTON)
    @permit(_allowed("take"))
    def take(self) -> Any:
        return self.decide("take")

    @expose("/accept/", methods=_BUTTON)
    @permit(_allowed("accept"))
    def accept(self) -> Any:
        return self.decide("accept")

    @expose("/resume/", methods=_BUTTON)
    @permit(_allowed("resume"))
    def resume(self) -> Any:
        return self.decide("resume")

    @expose("/return/", methods=_ENTRY)
    @permit(_allowed("return_provisional"))
    def give_back(self) -> Any:
        return self.decide("return")

    @expose("/hold/", methods=_ENTRY)
    @permit(_allowed("hold"))
    def hold(self) -> Any:
        return self.decide("hold")

    @expose("/operator-code/", methods=_ENTRY)
    @permit(_allowed("record_operator_code"))
    def operator_code(self) -> Any:
        return self.decide("operator-code")

    @expose("/check/", methods=_ENTRY)
    @permit(_allowed("check"))
    def check(self) -> Any:
        return self.decide("check")

    @expose("/approve/", methods=_ENTRY)
    @permit(_allowed("approve"))
    def approve(self) -> Any:
        return self.decide("approve")

    @expose("/not-qualified/", methods=_ENTRY)
    @permit(_allowed("not_qualified"))
    def not_qualified(self) -> Any:
        return self.decide("not-qualified")

    @expose("/lapse/", methods=_ENTRY)
    @permit(_allowed("lapse"))
    def lapse(self) -> Any:
        return self.decide("lapse")

    @expose("/extend/", methods=_ENTRY)
    @permit(_allowed("extend"))
    def extend(self) -> Any:
        return self.decide("extend")

    @expose("/carry-to-main/", methods=_ENTRY)
    @permit(_allowed("carry_to_main"))
    def carry_to_main(self) -> Any:
        return self.decide("carry-to-main")

    @expose("/remark/", methods=_ENTRY)
    @permit(_PROCESS)
    def remark(self) -> Any:
        return self.decide("remark")

    def decide(self, name: str) -> Any:
        """Show the entry page of a door, or go through it: once, on the version that was on the screen."""
        door, application = DOORS[name], self.get_one(request.values.get("id", ""))
        if application is None:
            abort(404)
        number, form_class = application.id, door.form(application)
        today = today_jst(clock.now())
        if request.method == "GET":
            form = form_class(data=door.prefill(case_file(db.session(), application)), today=today)
            version = clamped_id(request.args.get("version")) or application.version
            return self._entry(name, number, form, version)
        form = form_class(request.form, today=today)
        version = sent_version()
        if not form.validate():
            return self._entry(name, number, form, version), 422

        def act(session: Session) -> str:
            door.verb(session, number, seen_version=version, actor=actor(), now=clock.now(), **door.values(form))
            return url_for("applications.details_view", id=number)

        try:
            answer = once(act)
        except (Refusal, IntegrityError) as problem:
            return self._refused(name, number, form, version, problem)
        self._congratulate(door, number)
        if name == "approve":  # the new member's certificate is signed from its first day
            signing.ensure_key(now=clock.now())
        return answer

    def _refused(self, name: str, number: int, form: BaseForm, version: int, problem: Exception) -> Any:
        """Beside the field or above the form, with everything typed; a button's refusal stands on the case page."""
        stale = isinstance(problem, Stale)
        sentence = problem.sentence if isinstance(problem, Refusal) else COLLIDED
        if not any(True for _ in form):
            flash(sentence, "danger")
            return see_other("applications.details_view", id=number)
        form.add_error(getattr(problem, "field", None), STALE if stale else sentence)
        if stale:  # what is typed is kept, and what is on record now stands beside it
            version = self.get_one(number).version
        return self._entry(name, number, form, version), 409

    def _entry(self, name: str, number: int, form: BaseForm, version: int) -> str:
        door = DOORS[name]
        file = case_file(db.session(), self.get_one(number))
        title = door.title or JOINING.step(door.step or "").label
        return self.render(
            "admin/decide.html",
            door=door,
            title=title,
            form=form,
            action=url_for(request.endpoint or ""),
            number=number,
            version=version,
            form_id=new_form_id(),
            errors=bool(form.errors or form.form_errors),
            **entry_page(file, name=name),
        )

    def _congratulate(self, door: Door, number: int) -> None:
        """Say what was done and where the next work waits."""
        following = next_waiting(db.session(), viewer=viewer, but=number)
        message = Markup("{}").format(door.done)
        if following is not None:
            address = url_for("applications.details_view", id=following.id)
            message += Markup(' <a href="{}">次の申請（{}）へ進む</a>').format(address, following.name or "")
        flash(message, "success")
