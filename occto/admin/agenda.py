"""議案 of one assembly: the list in its order, one item with the members that have no vote on it, and their doors."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import told_by_post
from occto.admin.assembly_doors import TELLS, done_and_told
from occto.admin.assembly_menu import about, assembly_asked, pages_of
from occto.admin.base import Order, clamped_id, search_term
from occto.admin.sent import sent_version
from occto.admin.told_by_post import Telling
from occto.admin.verb_view import Door, VerbView
from occto.domain.agenda import ItemKind, usual_consent, usual_majority
from occto.domain.assembly import ASSEMBLY, title_of
from occto.domain.dates import format_instant, today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.assemblies import AgendaItemForm, WithdrawItemForm
from occto.labels import label
from occto.models import AgendaItem, Assembly, Member
from occto.queries.assembly_page import agenda_of
from occto.queries.search import members_named
from occto.services import assemblies
from occto.services.assemblies.agenda import is_told, values_of_item
from occto.services.assemblies.telling import NOBODY, WITHDRAWN_MAIL, Told, values_of
from occto.views.tools import new_form_id, once, see_other

FOUND = 20
_EDIT = Permission.ASSEMBLY_EDIT


class AgendaView(VerbView):
    """議案. The order is that in which they are dealt with; after the notice an item is withdrawn and not changed."""

    see, write = Permission.ASSEMBLY_SEE, _EDIT
    title, under = "議案", "assemblies"
    column_list = ("assembly_id", "no", "kind", "title", "majority", "consent", "notified_at", "withdrawn_at")
    column_labels = {
        "assembly_id": "総会の番号",
        "no": "番号",
        "kind": "種類",
        "title": "件名",
        "majority": "決議の方法",
        "consent": "認可・承認",
        "notified_at": "通知",
        "withdrawn_at": "取下げ",
    }
    orders = {"new": Order("登録の新しい順", AgendaItem.id, descending=True)}
    form = AgendaItemForm
    form_columns = ("kind", "title", "summary", "majority", "consent", "rule_reason")
    create_verb = staticmethod(assemblies.add_item)
    update_verb = staticmethod(assemblies.update_item)
    create_title, edit_title = "議案を追加する", "議案を変更する"
    created, updated = "議案を追加しました。", "議案を変更しました。"

    @expose("/")
    def index_view(self) -> str:
        """The agenda of one assembly."""
        held = self._assembly("id")
        return self.render(
            "admin/agenda.html",
            row=held,
            heading=title_of(held),
            pages=pages_of(held),
            lines=agenda_of(db.session(), held.id),
            may=self._may(held),
            told=held.state not in ASSEMBLY.step("edit").sources,
            new_form_id=new_form_id,
        )

    def get_one(self, id: Any) -> Any:
        """The row; the page is about its assembly."""
        found = super().get_one(id)
        if found is not None:
            about(db.session.get_one(Assembly, found.assembly_id))
        return found

    def heading(self, row: AgendaItem) -> str:
        return f"第{row.no}号　{row.title}"

    def values_of(self, row: AgendaItem) -> dict[str, Any]:
        """What differs from the kind is chosen; the rest stands at 種類のとおり."""
        held = super().values_of(row)
        held["majority"] = None if row.majority == usual_majority(row.kind) else row.majority
        held["consent"] = None if row.consent == usual_consent(row.kind) else row.consent
        return held

    def create_model(self, form: Any) -> Any:
        """Behind the others on the agenda of the assembly named in the request."""
        held = self._assembly("assembly")
        number = held.id

        def act(session: Session) -> str:
            assemblies.add_item(session, number, actor=actor(), now=clock.now(), **self._values(form))
            return url_for("agenda.index_view", id=number)

        lead = ""
        if held.state not in ASSEMBLY.step("edit").sources:
            lead = "招集通知のあとに追加する議案は、追加の通知を送るまで、会員に示されず、議決もできません。"
        back = ("議案の一覧へ戻る", url_for("agenda.index_view", id=number))
        door = Door(
            self.create_title, self.create_title, back, lead=lead, caption=title_of(held), hidden={"assembly": number}
        )
        return self.go_through(door, form, act, done=self.created)

    def details_page(self, row: AgendaItem) -> str:
        held, term = db.session.get_one(Assembly, row.assembly_id), search_term()
        line = next(one for one in agenda_of(db.session(), held.id) if one.item.id == row.id)
        taken = {number for number, _name in line.conflicts}
        return self.render(
            "admin/agenda_item.html",
            row=row,
            held=held,
            heading=self.heading(row),
            pages=pages_of(held, at="agenda.index_view"),
            facts=_facts(row),
            conflicts=line.conflicts,
            term=term,
            found=[one for one in self._found(term) if one.id not in taken] if term else [],
            may=self._may(held),
            new_form_id=new_form_id,
            parts_below=told_by_post.sections(_withdrawal_told(row, held), "agenda.letters", row.id),
        )

    @expose("/letters/")
    @permit(Permission.EXPORT)
    def letters(self) -> Any:
        """Letters or labels for members to which no mail of the withdrawn item went."""
        row = self.row_asked()
        return told_by_post.handed_out(_withdrawal_told(row, db.session.get_one(Assembly, row.assembly_id)))

    @expose("/withdraw/", methods=("GET", "POST"))
    @permit(_EDIT)
    def withdraw(self) -> Any:
        """取下げ."""
        row = self.row_asked()
        number, assembly_id = row.id, row.assembly_id
        form = WithdrawItemForm(request.form if request.method == "POST" else None, today=today_jst(clock.now()))
        version = sent_version(row.version)

        told: list[Told] = []

        def act(session: Session) -> str:
            told[:] = [
                assemblies.withdraw_item(
                    session, number, reason=form.reason.data, seen_version=version, actor=actor(), now=clock.now()
                )
            ]
            return url_for("agenda.index_view", id=assembly_id)

        held = db.session.get_one(Assembly, assembly_id)
        tells = TELLS if is_told(row, held) else ""

        door = Door(
            "議案を取り下げる",
            "議案を取り下げる",
            ("議案の画面へ戻る", url_for("agenda.details_view", id=number)),
            lead=f"取り下げた議案は議決されません。一覧には、理由とともに残ります。元に戻すことはできません。{tells}",
            caption=self.heading(row),
            danger=True,
            hidden={"id": number},
        )
        return self.go_through(
            door,
            form,
            act,
            done=lambda: done_and_told("議案を取り下げました。", *told),
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    @expose("/move/", methods=("POST",))
    @permit(_EDIT)
    def move(self) -> Any:
        """One place up or down."""
        row = self.row_asked()
        number, up, version = row.id, request.form.get("up") == "y", sent_version()

        def act(session: Session) -> None:
            assemblies.move_item(session, number, up=up, seen_version=version, actor=actor(), now=clock.now())

        return self._do(act, "agenda.index_view", row.assembly_id, done="議案の順番を変えました。")

    @expose("/add-conflict/", methods=("POST",))
    @permit(_EDIT)
    def add_conflict(self) -> Any:
        """A member without a vote on the item."""
        row = self.row_asked()
        number, member_id = row.id, clamped_id(request.form.get("member")) or 0

        told: list[Told | None] = []

        def act(session: Session) -> None:
            told[:] = [assemblies.add_conflict(session, number, member_id, actor=actor(), now=clock.now())]

        return self._do(
            act,
            "agenda.details_view",
            number,
            done=lambda: _vote_told("この議案に議決権のない会員として登録しました。", *told),
        )

    @expose("/remove-conflict/", methods=("POST",))
    @permit(_EDIT)
    def remove_conflict(self) -> Any:
        """A member that has its vote on the item again."""
        row = self.row_asked()
        number, member_id = row.id, clamped_id(request.form.get("member")) or 0

        told: list[Told | None] = []

        def act(session: Session) -> None:
            told[:] = [assemblies.remove_conflict(session, number, member_id, actor=actor(), now=clock.now())]

        return self._do(act, "agenda.details_view", number, done=lambda: _vote_told("登録から外しました。", *told))

    def _do(self, act: Any, endpoint: str, number: int, *, done: str | Callable[[], str]) -> Any:
        """A button without an entry page: back to the page it stands on, with the refusal where there is one."""

        def there(session: Session) -> str:
            act(session)
            return url_for(endpoint, id=number)

        try:
            answer = once(there)
        except NotFound:
            abort(404)
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
            return see_other(endpoint, id=number)
        flash(done() if callable(done) else done, "success")
        return answer

    def _assembly(self, name: str) -> Assembly:
        return assembly_asked(name)

    def _may(self, held: Assembly) -> dict[str, bool]:
        """Which steps on the agenda are open to the viewer now."""
        names = ("agenda", "edit", "withdraw_item", "conflicts")
        return {name: viewer.can(self.write) and held.state in ASSEMBLY.step(name).sources for name in names}

    def _found(self, term: str) -> Sequence[Member]:
        query = select(Member).where(Member.id.in_(members_named(db.session(), term)))
        return db.session.scalars(query.order_by(Member.kana_key, Member.id).limit(FOUND)).all()


def _vote_told(done: str, told: Told | None = None) -> str:
    """What was done, and how the member learns of it."""
    if told is None or told == NOBODY:
        return done
    return (
        f"{done}この会員にメールで知らせます。" if told.mails else f"{done}この会員には、書面か電話でお知らせください。"
    )


def _withdrawal_told(row: AgendaItem, held: Assembly) -> Telling | None:
    """What members are told of the withdrawal: of an item that they knew, between the notice and the day."""
    if row.withdrawn_at is None or not is_told(row, held):
        return None
    values = values_of(held) | values_of_item(row, held) | {"reason": row.withdrawn_reason}
    return Telling(held, WITHDRAWN_MAIL, values, at=row.withdrawn_at)


def _facts(row: AgendaItem) -> list[tuple[str, Any]]:
    found = [
        ("種類", label(row.kind)),
        ("決議の方法", "議決しません" if row.majority is None else label(row.majority)),
        ("可決後の認可・承認", label(row.consent)),
        ("内容", row.summary),
        ("会員への通知", format_instant(row.notified_at) if row.notified_at else "まだ通知していません"),
    ]
    if row.kind is ItemKind.REPORT:
        del found[2]
    if row.rule_reason:
        found.insert(3, ("種類のとおりとしない理由", row.rule_reason))
    if row.withdrawn_at is not None:
        found += [("取下げ", format_instant(row.withdrawn_at)), ("取下げの理由", row.withdrawn_reason)]
    return found
