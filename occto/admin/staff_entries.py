"""職員の入力: requests on paper (紙対応), corrections (訂正・取消し) and successions (合併・承継), each decided by another."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor
from occto.admin import access_log
from occto.admin.base import Screen, clamped_id, search_term
from occto.admin.entry_papers import EntryPapers
from occto.admin.entry_rows import (
    ROW_FORMS,
    correction_answers,
    correction_form,
    profile_answers,
    profile_form,
    row_answers,
    row_form,
    row_words,
    same_target,
    standing_facts,
)
from occto.admin.entry_tools import (
    KINDS,
    answered,
    asked_part,
    drafts_of,
    kinds,
    rows_of,
    save,
    shown_version,
    state_of,
    task,
)
from occto.admin.sent import sent_form, sent_version
from occto.change_words import items_in_words
from occto.domain.changes import EDITABLE, PART_TITLES, PROFILE_PARTS, Part
from occto.domain.codes import ChangeAct, Channel
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.changes import PART_FORMS
from occto.forms.staff_entries import OfficeChangeForm, PaperChangeForm
from occto.labels import label
from occto.models import ChangeDraft, ChangeRequest, Member
from occto.queries.search import members_named
from occto.services.changes import drafts, submission
from occto.unit_of_work import run
from occto.views.tools import new_form_id, once, see_other

FOUND = 20
MINE = 50
CROSSED = "入力のあとに、登録が変わった行があります。入力の画面で、その行を外すか入力し直してください。"
_ENTER = Permission.CHANGE_ENTER
_BOTH, _POST = ("GET", "POST"), ("POST",)


class EntriesView(EntryPapers, Screen, BaseView):
    """書面・訂正の入力. Whoever enters is the first person; an approver other than whoever had a hand in it decides."""

    see = _ENTER

    def __init__(self) -> None:
        super().__init__(name="書面・訂正の入力", endpoint="entries", url="entries")

    @expose("/")
    def index_view(self) -> str:
        """What is being entered, and the way to a member."""
        session, term = db.session(), search_term()
        rows = session.execute(
            select(ChangeRequest, Member.current_name)
            .join(Member, Member.id == ChangeRequest.member_id)
            .where(ChangeRequest.channel != Channel.ONLINE, ChangeRequest.state.in_(EDITABLE))
            .order_by(ChangeRequest.id.desc())
            .limit(MINE)
        ).all()
        entered = [
            (row[0].id, row[0].number or "入力中", row[1], row[0].title, label(row[0].channel), state_of(row[0]))
            for row in rows
        ]
        found = self._found(term) if term else []
        body = self.render("admin/change_entries.html", entered=entered, term=term, found=found, kinds=kinds())
        if ids := [row[0] for row in entered]:
            run(access_log.shown, ids, kind="CHANGE", details=len(ids) == 1)
        return body

    @expose("/new/", methods=_BOTH)
    def new(self) -> Any:
        """Begin an entry for a member."""
        kind = request.values.get("kind", "")
        member = self._member(clamped_id(request.values.get("member")))
        if kind not in KINDS:
            abort(404)
        title, channel, parts, lead = KINDS[kind]
        member_id, now = member.id, clock.now()
        form_class = PaperChangeForm if channel is Channel.PAPER else OfficeChangeForm
        form = form_class(sent_form(), today=today_jst(now))

        def act(session: Session) -> str:
            opened = drafts.start(
                session,
                member_id,
                parts=[Part(one) for one in form.parts.data] if channel is Channel.PAPER else parts,
                occurred_on=form.occurred_on.data,
                reason=form.reason.data,
                channel=channel,
                received_at=form.received_at() if channel is Channel.PAPER else None,
                actor=actor(),
                now=now,
            )
            return url_for("entries.details_view", id=opened)

        def page(_stale: bool) -> str:
            back = (url_for("members.details_view", id=member_id), "会員の画面へ戻る")
            hidden = {"kind": kind, "member": member_id}
            return self._form_page(
                title, form, back=back, hidden=hidden, lead=lead, caption=self._member(member_id).current_name
            )

        return answered(form, act, page)

    @expose("/details/")
    def details_view(self) -> str:
        """The parts of an entry, and what is still missing."""
        row = self._entry()
        session, number = db.session(), row.id
        listed = drafts_of(session, number)
        tasks = [task(session, row, part, listed[part]) for part in Part if part in listed]
        member = self._member(row.member_id)
        body = self.render(
            "admin/change_entry.html",
            case=row,
            member=member,
            state=state_of(row),
            tasks=tasks,
            editable=row.state in EDITABLE,
            form_id=new_form_id(),
            succession=Part.SUCCESSION in listed,
        )
        run(access_log.shown, [number], kind="CHANGE", details=True)
        return body

    @expose("/part/", methods=_BOTH)
    def part(self) -> Any:
        """A part: inputs over the record, or rows with doors to add some."""
        row = self._entry()
        session, number, part = db.session(), row.id, asked_part()
        draft = drafts_of(session, number).get(part)
        if draft is None or part is Part.FILES:
            abort(404)
        if part not in PROFILE_PARTS:
            return self._rows_page(row, part, draft)
        version = sent_version() or draft.version
        form = profile_form(session, row, part, draft.answers)
        if request.method == "POST":
            form = PART_FORMS[part](request.form, today=today_jst(clock.now()))

        def act(writing: Session) -> str:
            entry = writing.get(ChangeRequest, number)
            assert entry is not None
            answers = profile_answers(writing, entry, part, form)
            save(writing, number, part, answers, version)
            return url_for("entries.details_view", id=number)

        return answered(
            form,
            act,
            lambda stale: self._part_page(
                number, part, form, version=shown_version(number, part, version, stale=stale)
            ),
        )

    def _part_page(self, number: int, part: Part, form: BaseForm, *, version: int) -> str:
        return self._form_page(
            PART_TITLES[part],
            form,
            back=(url_for("entries.details_view", id=number), "入力の画面へ戻る"),
            hidden={"id": number, "part": part.value},
            version=version,
            lead="いまの登録を入れてあります。書面のとおりに、変わるところだけ直してください。",
            button="保存する",
        )

    def _rows_page(self, row: ChangeRequest, part: Part, draft: ChangeDraft) -> Any:
        session, today = db.session(), today_jst(clock.now())
        rows = (draft.answers or {}).get("rows", [])
        if part is Part.SUCCESSION:
            return see_other("entries.succession", id=row.id)
        return self.render(
            "admin/change_rows.html",
            case=row,
            title=PART_TITLES[part],
            part=part.value,
            rows=row_words(session, row, part, rows),
            doors=[(act.value, title) for (of, act), (title, _form) in ROW_FORMS.items() if of is part],
            standing=standing_facts(session, row.member_id, today=today) if part is Part.CORRECTIONS else None,
            version=draft.version,
            new_form_id=new_form_id,
        )

    @expose("/row/", methods=_BOTH)
    def row(self) -> Any:
        """A new row of a part: an addition or an end."""
        row, part = self._entry(), asked_part()
        number, today = row.id, today_jst(clock.now())
        act_name = request.values.get("act", "")
        if act_name not in {one.value for one in ChangeAct} or part not in drafts_of(db.session(), number):
            abort(404)
        kind = ChangeAct(act_name)
        title, form = row_form(db.session(), row, part, kind, sent_form(), today=today)
        version = sent_version() or drafts_of(db.session(), number)[part].version

        def act(session: Session) -> str:
            rows = rows_of(session, number, part)
            save(session, number, part, {"rows": [*rows, row_answers(form, kind, rows)]}, version)
            return url_for("entries.part", id=number, part=part.value)

        hidden = {"id": number, "part": part.value, "act": kind.value}
        return answered(
            form,
            act,
            lambda stale: self._row_page(
                title, form, number, part, hidden, shown_version(number, part, version, stale=stale)
            ),
        )

    @expose("/correct/", methods=_BOTH)
    def correct(self) -> Any:
        """One fact that is to be corrected or cancelled."""
        row = self._entry()
        number, today, part = row.id, today_jst(clock.now()), Part.CORRECTIONS
        kind, target = request.values.get("kind", ""), clamped_id(request.values.get("target")) or 0
        if part not in drafts_of(db.session(), number):
            abort(404)
        found, form = correction_form(db.session(), row, kind, target, sent_form(), today=today)
        version = sent_version() or drafts_of(db.session(), number)[part].version

        def act(session: Session) -> str:
            entry = session.get(ChangeRequest, number)
            assert entry is not None
            new = correction_answers(session, entry, found, form, today=today)
            kept = [one for one in rows_of(session, number, part) if not same_target(new, one)]
            save(session, number, part, {"rows": [*kept, new]}, version)
            return url_for("entries.part", id=number, part=part.value)

        hidden = {"id": number, "kind": kind, "target": target}
        lead = f"いまの登録：{found.value}（{found.since}、{found.number}）"
        return answered(
            form,
            act,
            lambda stale: self._row_page(
                found.title, form, number, part, hidden, shown_version(number, part, version, stale=stale), lead=lead
            ),
        )

    def _row_page(
        self, title: str, form: BaseForm, number: int, part: Part, hidden: dict[str, Any], version: int, lead: str = ""
    ) -> str:
        back = (url_for("entries.part", id=number, part=part.value), "一覧へ戻る")
        return self._form_page(
            title, form, back=back, hidden=hidden, version=version, lead=lead, button="この内容で加える"
        )

    @expose("/check/", methods=_BOTH)
    def check(self) -> Any:
        """What will be submitted; another decides on it."""
        row = self._entry()
        number, now = row.id, clock.now()
        if row.state not in EDITABLE:
            abort(404)
        problem = ""
        if request.method == "POST":
            seen = request.form.get("digest", "")

            def act(session: Session) -> str:
                submission.submit(session, number, seen_digest=seen, actor=actor(), now=now)
                return url_for("change_requests.details_view", id=number)

            try:
                answer = once(act)
            except Refusal as refusal:
                problem = refusal.sentence
            else:
                flash("提出しました。入力した方とは別の承認者が承認すると、登録されます。", "success")
                return answer
        page = self._check_page(problem)
        return (page, 409) if request.method == "POST" else page

    def _check_page(self, problem: str) -> str:
        row, session = self._entry(), db.session()
        refused, prepared = problem, None
        try:
            prepared = submission.prepare(session, row)
            submission.check_complete(session, row, prepared)
        except NotFound:
            refused = CROSSED
        except Refusal as refusal:
            refused = refused or refusal.sentence
        return self.render(
            "admin/change_check.html",
            case=row,
            member=self._member(row.member_id),
            items=items_in_words(prepared.items) if prepared else (),
            files=prepared.files if prepared else (),
            digest=prepared.digest if prepared else "",
            refused=refused,
            form_id=new_form_id(),
            errors=bool(problem),
        )

    @expose("/withdraw/", methods=_POST)
    def withdraw(self) -> Any:
        """Give an entry up, until it is decided."""
        number = self._entry().id

        def act(session: Session) -> str:
            submission.withdraw(session, number, actor=actor(), now=clock.now())
            return url_for("entries.index_view")

        return self._do(act, "entries.details_view", done="取り下げました。", id=number)

    def _do(self, act: Callable[[Session], str], endpoint: str, *, done: str = "", **values: Any) -> Any:
        """Do what a button does; a refusal stands on the page it was pressed on."""
        try:
            answer = once(act)
        except NotFound:
            abort(404)
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
            return see_other(endpoint, **values)
        if done:
            flash(done, "success")
        return answer

    def _entry(self) -> ChangeRequest:
        """The request asked for, where staff keyed it in; 404 for any other."""
        number = clamped_id(request.values.get("id"))
        found = db.session.get(ChangeRequest, number) if number else None
        if found is None or found.channel is Channel.ONLINE:
            abort(404)
        return found

    def _member(self, number: int | None) -> Member:
        found = db.session.get(Member, number) if number else None
        if found is None:
            abort(404)
        return found

    def _found(self, term: str) -> list[Member]:
        query = (
            select(Member).where(Member.id.in_(members_named(db.session(), term))).order_by(Member.kana_key, Member.id)
        )
        return list(db.session.scalars(query.limit(FOUND)))

    def _form_page(
        self,
        title: str,
        form: BaseForm,
        *,
        back: tuple[str, str],
        hidden: dict[str, Any],
        version: int | None = None,
        lead: str = "",
        caption: str = "",
        button: str = "入力を始める",
    ) -> str:
        return self.render(
            "admin/change_form.html",
            title=title,
            caption=caption,
            form=form,
            back=back,
            hidden=hidden,
            version=version,
            lead=lead,
            button=button,
            form_id=new_form_id(),
            errors=bool(form.errors or form.form_errors),
        )
