"""The doors of requests about IDs: for every decision one POST, its permission, its input and the verb behind it. No rule stands here."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from flask import abort, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import account_page as words
from occto.admin.base import clamped_id
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.account_requests import ACCOUNT_REQUESTS, AccountRequestKind
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.numbers import parse_operator_code
from occto.domain.permissions import Permission, Role
from occto.domain.text import InputError
from occto.extensions import db
from occto.forms import account_review as forms
from occto.forms.base import BaseForm
from occto.forms.staff import PlainForm
from occto.models import AccountRequest
from occto.queries.account_requests import administrators_of
from occto.queries.account_requests_staff import RequestFile, member_by_code, next_waiting, request_file
from occto.services.account_requests import approval, filing, review
from occto.services.account_requests.filing import Document, Named
from occto.views.uploads import uploaded

K = AccountRequestKind
_BOTH = ("GET", "POST")
Act = Callable[[Session], Any]


def _allowed(step: str) -> Permission:
    return ACCOUNT_REQUESTS.step(step).permission


class AccountDoors(Doors):
    """The routes. Every door is a page with a form; the page of an approval says what follows."""

    of_staff: ClassVar[bool] = False
    endpoint: str
    get_one: Callable[[Any], Any]
    note: Callable[..., None]

    @expose("/match/", methods=_BOTH)
    @permit(_allowed("match"))
    def match(self) -> Any:
        """Which member or person it is about."""
        if self.of_staff:
            abort(404)
        file = self._file()
        number, lost = file.request.id, file.request.kind is K.SECOND_FACTOR
        form: Any = _user_form(file) if lost else _match_form(file)

        def act(session: Session) -> Any:
            if lost:
                return review.match_user(session, number, email=form.email.data, **self._stamp())
            return review.match_member(session, number, **_matched(form), **self._stamp())

        told = "登録のメールアドレスの方" if lost else "特定した会員の管理者と会員担当の方"
        lead = f"{told}に、申請があったことをメールで知らせます。異議は、メールのリンクか電話で知らせていただけます。"
        done = "特定しました。続いて、登録の番号に電話で確認してください。"
        return self._decide(file, "match", form, act, lead=lead, done=done)

    @expose("/call/", methods=_BOTH)
    @permit(_allowed("confirm"))
    def call(self) -> Any:
        """The call-back: the first person."""
        file, today = self._file(), _today()
        number = file.request.id
        form: Any = forms.CallForm(sent_form())
        form["way"].choices = [(way.key, words.way_words(way, today)) for way in file.ways]

        def act(session: Session) -> Any:
            return review.confirm(session, number, way=form.way.data, words=form.words.data, **self._stamp())

        lead = "登録の番号に電話をかけ、会社またはご本人の申請であることを確かめてから記録してください。承認は、別の方が行います。"
        return self._decide(
            file, "confirm", form, act, lead=lead, done="電話での確認を記録しました。別の方が承認します。"
        )

    @expose("/settle/", methods=_BOTH)
    @permit(_allowed("settle"))
    def settle(self) -> Any:
        """What was found out about an objection."""
        file = self._file()
        number, form = file.request.id, forms.SettleForm(sent_form())

        def act(session: Session) -> Any:
            return review.settle(session, number, words=form.words.data, **self._stamp())

        lead = f"異議：{file.request.objection or ''}"
        return self._decide(file, "settle", form, act, lead=lead, done="異議を確かめた結果を記録しました。")

    @expose("/approve/", methods=_BOTH)
    @permit(_allowed("approve"))
    def approve(self) -> Any:
        """The second person."""
        file = self._file()
        number = file.request.id

        def act(session: Session) -> Any:
            return approval.approve(session, number, **self._stamp())

        lead = words.what_follows(file)
        return self._decide(
            file, "approve", PlainForm(sent_form()), act, lead=lead, done="承認しました。メールで知らせます。"
        )

    @expose("/decline/", methods=_BOTH)
    @permit(_allowed("decline"))
    def decline(self) -> Any:
        """The end without effect."""
        file = self._file()
        number, form = file.request.id, forms.DeclineForm(sent_form())

        def act(session: Session) -> Any:
            return review.decline(session, number, reason=form.reason.data, **self._stamp())

        lead = "申請を終了します。登録は変わりません。必要な場合は、もう一度申請していただけます。"
        return self._decide(file, "decline", form, act, lead=lead, done="申請を終了しました。", danger=True)

    @expose("/paper/", methods=_BOTH)
    @permit(Permission.ACCOUNT_ENTER)
    def paper(self) -> Any:
        """A request that came on paper, with its scan."""
        if self.of_staff:
            abort(404)
        form: Any = forms.PaperRequestForm(sent_form(), today=_today())
        scan, problem = _scan() if request.method == "POST" else ([], None)

        def act(session: Session) -> str:
            if problem is not None:
                raise problem
            values = form.cleaned()
            number = filing.enter_paper(
                session,
                kind=K(values["kind"]),
                operator_code=values["operator_code"],
                person=Named(
                    values["person_name"],
                    values["person_email"],
                    values["person_kana"],
                    values["person_title"],
                    values["person_phone"],
                ),
                typed_old_name=values["typed_old_name"],
                reason=values["reason"],
                received_at=form.received_at(),
                documents=scan,
                actor=actor(),
                now=clock.now(),
            )
            return url_for(f"{self.endpoint}.details_view", id=number)

        door = Door(
            "書面の申請を入力する",
            "この内容で受け付ける",
            ("管理者の申請の一覧へ戻る", url_for(f"{self.endpoint}.index_view")),
            lead="紙対応の会員などから書面で届いた申請を入力します。入力した方は、この申請を承認できません。",
            multipart=True,
        )
        return self.go_through(door, form, act, done="書面の申請を受け付けました。")

    def _decide(
        self,
        file: RequestFile,
        step: str,
        form: BaseForm,
        act: Act,
        *,
        lead: str,
        done: str,
        danger: bool = False,
    ) -> Any:
        number, shown = file.request.id, file.request.version
        title = ACCOUNT_REQUESTS.step(step).label
        back = url_for(f"{self.endpoint}.details_view", id=number)
        door = Door(
            title,
            title,
            ("申請の画面へ戻る", back),
            lead=lead,
            caption=words.heading_of(file.request),
            facts=words.short_facts(file),
            danger=danger,
            hidden={"id": number},
        )

        def once(session: Session) -> str:
            act(session)
            return back

        self.note([], details=True, ids=[number])
        version = sent_version(clamped_id(request.args.get("version")) or shown)
        return self.go_through(
            door,
            form,
            once,
            done=lambda: self._done(done, number),
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    def _done(self, sentence: str, number: int) -> Any:
        """What was done, and where the next work waits."""
        following = next_waiting(db.session(), viewer=viewer, but=number)
        if following is None:
            return sentence
        address = url_for(f"{self.endpoint}.details_view", id=following.id)
        return Markup('{} <a href="{}">次の申請（{}）へ進む</a>').format(sentence, address, following.number)

    def _file(self) -> RequestFile:
        row: AccountRequest | None = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        return request_file(db.session(), row, today=_today())

    def _stamp(self) -> dict[str, Any]:
        return {"seen_version": sent_version(), "actor": actor(), "now": clock.now()}


def _user_form(file: RequestFile) -> BaseForm:
    return forms.MatchUserForm(sent_form(), data={"email": file.user.email if file.user is not None else ""})


def _matched(form: BaseForm) -> dict[str, Any]:
    """What a form of matching says, as the verb takes it."""
    values = form.cleaned()
    old, role = values.get("replaces_user_id"), values.get("replaced_role")
    return {
        "operator_code": values["operator_code"],
        "replaces_user_id": int(old) if old else None,
        "replaced_role": Role(role) if role else None,
    }


def _match_form(file: RequestFile) -> BaseForm:
    """The form with the 管理者 of the member whose code stands in it."""
    asked = file.request
    proposed = file.member.operator_code if file.member is not None else asked.typed_code
    if asked.kind is not K.CHANGE:
        return forms.MatchMemberForm(sent_form(), data={"operator_code": proposed})
    typed = request.form.get("operator_code", "") if request.method == "POST" else proposed or ""
    member = member_by_code(db.session(), _code(typed))
    found = administrators_of(db.session(), member.id) if member is not None else []
    named = [user.id for user in found if user.name == asked.typed_old_name]
    old = asked.replaces_user_id or (named[0] if named else found[0].id if len(found) == 1 else "")
    role = asked.replaced_role.value if asked.replaced_role is not None else ""
    form = forms.MatchChangeForm(
        sent_form(), data={"operator_code": proposed, "replaces_user_id": str(old), "replaced_role": role}
    )
    form["replaces_user_id"].choices = [
        ("", forms.NOBODY),
        *((str(user.id), f"{user.name}（{user.email}）") for user in found),
    ]
    return form


def _code(typed: str) -> str | None:
    try:
        return parse_operator_code(typed[:40])
    except InputError:
        return None


def _scan() -> tuple[list[Document], Refusal | None]:
    """The scan of the form, read before anything is locked, or why it was refused."""
    try:
        taken = uploaded()
    except Refusal as refusal:
        return [], refusal
    return ([Document(taken.name, taken.media_type, taken.content)] if taken is not None else []), None


def _today() -> date:
    return today_jst(clock.now())
