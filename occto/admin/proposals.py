"""二人目の確認: what one of the staff proposed and another confirms or drops."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask_admin import expose
from sqlalchemy import select

from occto.access import permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.proposal_words import CONSEQUENCES, PARTS
from occto.admin.trail import subject_in_words
from occto.admin.verb_view import Doors
from occto.domain.assembly import assembly_title, title_of
from occto.domain.codes import ProposalState
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.proposals import CONFIRMED_WITH, PROPOSED_WITH, ProposalKind
from occto.extensions import db
from occto.labels import choices, label
from occto.models import Assembly, Member, Proposal, User
from occto.services import proposals
from occto.services.proposal_kinds import HANDLERS
from occto.views.tools import new_form_id

_BACK = "依頼の画面へ戻る"


def _of(model: Any, column: Any, key: Any) -> Any:
    return select(column).where(model.id == key).correlate(Proposal).scalar_subquery()


def _about(_view: Any, _context: Any, row: Any, _name: str) -> str:
    if row.kind is ProposalKind.SETTING:
        return subject_in_words(row.subject_key)
    assembly = assembly_title(row.assembly_kind, row.year, row.no) if row.year else ""
    return "　".join(filter(None, (assembly, row.company)))


class ProposalsView(Doors, StaffView):
    """Nothing that stands here has been done before another person than who proposed it has confirmed it."""

    see, under = Permission.ASSEMBLY_SEE, "assemblies"
    title = "二人目の確認"
    details_template = "admin/proposed.html"
    column_list = ("proposed_at", "state", "kind", "about", "proposer", "reason")
    column_details_list = ("kind", "state", "reason", "proposed_at")
    column_labels = {
        "proposed_at": "依頼",
        "state": "状態",
        "kind": "内容",
        "about": "対象",
        "proposer": "依頼した方",
        "reason": "理由",
    }
    column_formatters = {"about": _about}
    orders = {"new": Order("新しい順", Proposal.id, descending=True)}
    tagged = ("state",)
    facets = {
        "state": Facet("状態", Proposal.state, choices(ProposalState)),
        "kind": Facet("内容", Proposal.kind, choices(ProposalKind)),
    }
    extras = {
        "year": _of(Assembly, Assembly.fiscal_year, Proposal.assembly_id),
        "no": _of(Assembly, Assembly.no, Proposal.assembly_id),
        "assembly_kind": _of(Assembly, Assembly.kind, Proposal.assembly_id),
        "company": _of(Member, Member.current_name, Proposal.member_id),
        "proposer": _of(User, User.name, Proposal.proposed_by_id),
    }
    reads = ("proposed_at", "state", "kind", "reason", "subject_key")

    def heading(self, row: Proposal) -> str:
        """What was proposed, and of which assembly or company."""
        session = db.session()
        assembly, member = session.get(Assembly, row.assembly_id or 0), session.get(Member, row.member_id or 0)
        about = (title_of(assembly) if assembly else "", member.current_name if member else "")
        return "　".join(filter(None, (label(row.kind), *about)))

    def details_page(self, row: Proposal) -> str:
        waiting = row.state is ProposalState.PROPOSED
        own = row.proposed_by_id == viewer.user_id
        may_confirm = viewer.can(CONFIRMED_WITH)
        self._template_args["waiting"] = waiting
        self._template_args["own"] = waiting and own
        self._template_args["may_confirm"] = waiting and may_confirm and not own
        self._template_args["may_drop"] = waiting and (may_confirm or viewer.can(PROPOSED_WITH[row.kind]))
        self._template_args["consequence"] = CONSEQUENCES[row.kind]
        self._template_args["new_form_id"] = new_form_id
        return super().details_page(row)

    def below(self, row: Proposal) -> Sequence[Facts | Table]:
        session = db.session()
        named = [session.get(User, number or 0) for number in (row.proposed_by_id, row.decided_by_id)]
        people: list[tuple[str, Any]] = [("依頼した方", named[0].name if named[0] else "")]
        if row.decided_at is not None:
            people.append(("決めた方", named[1].name if named[1] else ""))
            people.append(("決めた日時", format_instant(row.decided_at)))
        about: list[tuple[str, Any]] = []
        assembly = session.get(Assembly, row.assembly_id or 0)
        if assembly is not None:
            words = title_of(assembly)
            about.append(("総会", link(words, "assemblies.details_view", assembly.id, Permission.ASSEMBLY_SEE)))
        member = session.get(Member, row.member_id or 0)
        if member is not None:
            words = member.current_name
            about.append(("会員", link(words, "members.details_view", member.id, Permission.MEMBER_SEE)))
        parts = PARTS[row.kind](session, row) if row.kind in PARTS else ()
        return [*([Facts("対象", about)] if about else []), *parts, Facts("依頼と決定", people)]

    @expose("/confirm/", methods=("POST",))
    @permit(CONFIRMED_WITH)
    def confirm(self) -> Any:
        """The second person: what was proposed is done."""
        verb = partial(proposals.confirm, handlers=HANDLERS)
        return self.decide(verb, title="確認して行う", back=_BACK, done="確認しました。依頼の内容を行いました。")

    @expose("/drop/", methods=("POST",))
    @permit(Permission.ASSEMBLY_EDIT)
    def drop(self) -> Any:
        """取りやめ by whoever may propose or confirm."""
        done = "依頼を取りやめました。何も変わりません。"
        return self.decide(proposals.drop, title="依頼を取りやめる", back=_BACK, done=done)
