"""届出: what companies filed about who holds their votes; entered from paper, settled and taken back by two persons."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from occto import clock
from occto import election_words as words
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, clamped_id, link
from occto.admin.picking import OwnDetails, PicksMember, scan_of, send_document, sent
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.assembly import UNFROZEN, assembly_title
from occto.domain.codes import AttachmentKind, Channel, ElectionState
from occto.domain.dates import format_instant, today_jst
from occto.domain.elections import EVERY_GROUP
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.domain.votes import GROUP_LABELS, Group
from occto.extensions import db
from occto.forms.elections import PaperElectionForm, SettleForm, sent_number
from occto.labels import choices, label
from occto.models import Assembly, HolderElection, Member, Proposal
from occto.queries import elections as reads
from occto.queries.search import members_named
from occto.services import election_settling, elections
from occto.services.proposals import open_proposal
from occto.views.holder import offer

_BOTH = ("GET", "POST")
_HOLDER, _FILER = aliased(Member), aliased(Member)
STANDING = "0"
"""How a standing 届出 is asked for in addresses, where an assembly is asked for by its number."""


def _named(member: Any, column: Any) -> Any:
    return select(member.current_name).where(member.id == column).correlate(HolderElection).scalar_subquery()


def _group(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return "すべて" if row.vote_group == EVERY_GROUP else GROUP_LABELS[Group(row.vote_group)]


def _scope(_view: Any, _context: Any, row: Any, _name: str) -> str:
    if row.assembly_id is None:
        return words.EVERY
    return assembly_title(row.assembly_kind, row.year, row.assembly_no)


def _of_assembly(column: Any) -> Any:
    return select(column).where(Assembly.id == HolderElection.assembly_id).correlate(HolderElection).scalar_subquery()


class ElectionsView(OwnDetails, PicksMember, Doors, StaffView):
    """届出. What staff write about one needs a second person."""

    see, under = Permission.ASSEMBLY_SEE, "assemblies"
    title = "届出"
    list_template, details_template = "admin/elections.html", "admin/election.html"
    search_hint = "会員の商号、フリガナ、事業者コード"
    column_list = ("received_at", "state", "filer", "holder", "vote_group", "assembly_id", "channel")
    column_labels = {
        "received_at": "受付",
        "state": "状態",
        "filer": "届け出た会社",
        "holder": "行使する会社",
        "vote_group": "グループ",
        "assembly_id": "対象の総会",
        "channel": "経路",
    }
    column_formatters = {"vote_group": _group, "assembly_id": _scope}
    orders = {
        "new": Order("登録の新しい順", HolderElection.id, descending=True),
        "received": Order("受付の新しい順", HolderElection.received_at, descending=True),
    }
    tagged = ("state",)
    facets = {
        "state": Facet("状態", HolderElection.state, choices(ElectionState)),
        "vote_group": Facet("グループ", HolderElection.vote_group, [(EVERY_GROUP, "すべて"), *choices(Group)]),
        "channel": Facet("経路", HolderElection.channel, choices(Channel)),
    }
    extras = {
        "filer": _named(_FILER, HolderElection.filed_by_member_id),
        "holder": _named(_HOLDER, HolderElection.holder_member_id),
        "year": _of_assembly(Assembly.fiscal_year),
        "assembly_no": _of_assembly(Assembly.no),
        "assembly_kind": _of_assembly(Assembly.kind),
    }
    reads = ("received_at", "state", "vote_group", "assembly_id", "channel")

    def entry_doors(self) -> list[tuple[str, str]]:
        """Where papers are keyed in: for each assembly that is not frozen, and for all to come."""
        query = select(Assembly).where(Assembly.state.in_(UNFROZEN)).order_by(Assembly.held_at, Assembly.id)
        doors = [(words.scope_title(one), str(one.id)) for one in db.session.scalars(query)]
        return [
            (f"書面の届出を入力する（{title}）", url_for("elections.enter", assembly=key))
            for title, key in [*doors, (words.EVERY, STANDING)]
        ]

    def search(self, term: str) -> ColumnElement[bool]:
        found = members_named(db.session(), term)
        return or_(HolderElection.filed_by_member_id.in_(found), HolderElection.holder_member_id.in_(found))

    def heading(self, row: HolderElection) -> str:
        line = reads.line_of(db.session(), row.id)
        return f"届出：{line.holder} が行使する" if line is not None else self.title

    def details_page(self, row: HolderElection) -> str:
        waiting = open_proposal(db.session(), ProposalKind.ELECTION, elections.subject(row))
        assembly = db.session.get(Assembly, row.assembly_id or 0)
        is_open = assembly is None or assembly.state in UNFROZEN
        self._template_args["waiting"] = waiting
        self._template_args["frozen"] = not is_open
        self._template_args["may_settle"] = (
            viewer.can(Permission.ELECTION_ENTER) and is_open and waiting is None and row.state not in elections.OVER
        )
        return super().details_page(row)

    def below(self, row: HolderElection) -> Sequence[Facts | Table]:
        session = db.session()
        line = reads.line_of(session, row.id)
        assert line is not None
        facts = words.filing_facts(line)
        if line.settled_at is not None:
            facts.append(("決定した方", line.settled_by))
        if line.document_id is not None:
            facts.append(("届出書", self._document(line.document_id)))
        parts: list[Facts | Table] = [Facts("届出の内容", facts)]
        moved = reads.moves(session, row, line.assembly, today=today_jst(clock.now()))
        empty = "いまの登録では、この届出で変わるグループはありません。"
        parts.append(Table("届出で変わること", words.MOVE_HEADS, words.move_rows(moved), empty))
        decisions = session.scalars(
            select(Proposal)
            .where(Proposal.kind == ProposalKind.ELECTION, Proposal.subject_key == elections.subject(row))
            .order_by(Proposal.id)
        )
        rows = [
            (
                link(label(ElectionState(one.values["outcome"])), "proposals.details_view", one.id, self.see),
                label(one.state),
                format_instant(one.proposed_at),
                one.reason,
                self._document(one.attachment_id) if one.attachment_id else "",
            )
            for one in decisions
        ]
        return [*parts, Table("取扱いの依頼", ("取扱い", "状態", "依頼", "理由", "書面"), rows)]

    def _document(self, number: int) -> Any:
        return Markup('<a href="{}">書面の写し</a>').format(url_for("elections.file", id=number))

    @expose("/file/")
    def file(self) -> Any:
        """A paper, as a download only."""
        return send_document(lambda one: one.kind is AttachmentKind.ELECTION)

    @expose("/enter/", methods=_BOTH)
    @permit(Permission.ELECTION_ENTER)
    def enter(self) -> Any:
        """A 届出 from paper: the member that filed it, then what it says."""
        back = ("届出の一覧へ戻る", url_for("elections.index_view"))
        asked = request.values.get("assembly", STANDING)
        assembly = self._assembly(asked)
        filer = self.member_asked()
        if filer is None:
            lead = f"対象：{words.scope_title(assembly)}。届出書を出した会員を探してください。"
            return self.pick("書面の届出を入力する", lead, endpoint="elections.enter", back=back, assembly=asked)
        now, filer_id = clock.now(), filer.id
        family = reads.family_of(db.session(), filer_id, assembly, today=today_jst(now))
        form = sent(PaperElectionForm, today=today_jst(now))
        if family is not None:
            offer(form, family)
        scan, fine = scan_of(form, needed="届出書の写しのファイルを選んでください。")
        door = Door(
            "書面の届出を入力する",
            "入力して、二人目の確認を依頼する",
            back,
            lead="別の方が確認すると、届出のとおりに有効になります。受け取った日時がいちばん遅い届出が優先します。",
            caption=filer.current_name,
            facts=self._family_facts(family, assembly),
            multipart=True,
            hidden={"member": filer_id, "assembly": asked},
        )
        if not fine:
            return self.entry(door, form, version=None), 422

        def act(session: Session) -> str:
            assert scan is not None
            made = election_settling.enter_and_propose(
                session,
                assembly_id=assembly.id if assembly is not None else None,
                group=form.asked_group,
                filed_by_id=filer_id,
                holder_id=sent_number(form["holder"].data),
                received_at=form.received_at(),
                scan=scan,
                actor=actor(),
                now=now,
            )
            return url_for("elections.details_view", id=made)

        return self.go_through(door, form, act, done="届出を入力しました。別の方が確認すると、有効になります。")

    def _family_facts(self, family: Any, assembly: Assembly | None) -> list[tuple[str, Any]]:
        if family is None:
            return [("届出", "この会員は、基準日の名簿に載っていません。")]
        rows = [(one["title"], f"{one['holder']}（{one['reason']}）") for one in words.family_rows(family)]
        return [("対象の総会", words.scope_title(assembly)), *rows]

    @expose("/settle/", methods=_BOTH)
    @permit(Permission.ELECTION_ENTER)
    def settle(self) -> Any:
        """What shall become of a 届出; another person confirms."""
        row = self.row_asked()
        number = row.id
        form: Any = sent(SettleForm)
        version = sent_version(row.version)
        back = ("届出の画面へ戻る", url_for("elections.details_view", id=number))
        line = reads.line_of(db.session(), number)
        assert line is not None
        door = Door(
            "届出の取扱いを決める",
            "二人目の確認を依頼する",
            back,
            lead="別の方が確認すると、取扱いが決まり、届け出た会員に理由とともにメールで知らせます。",
            caption=self.heading(row),
            facts=words.filing_facts(line),
            multipart=True,
            hidden={"id": number},
        )
        scan, fine = scan_of(form)
        if not fine:
            return self.entry(door, form, version=version), 422

        def act(session: Session) -> str:
            election_settling.propose_settlement(
                session,
                number,
                outcome=ElectionState(form.outcome.data),
                reason=form.reason.data,
                scan=scan,
                seen_version=version,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("elections.details_view", id=number)

        return self.go_through(
            door,
            form,
            act,
            done="二人目の確認を依頼しました。確認されるまで、届出の取扱いは変わりません。",
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    def _assembly(self, asked: str) -> Assembly | None:
        if asked == STANDING:
            return None
        found = db.session.get(Assembly, clamped_id(asked) or 0)
        if found is None:
            abort(404)
        return found
