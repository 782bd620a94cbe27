"""議決権の確定: the check list, drafts, the request to a second person, and what is known too late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import freeze_words as words
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Facts, Screen, Table
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import CONFIRMED, Door, Doors, Preview
from occto.domain.assembly import FROZEN_OR_LATER, AssemblyState, title_of
from occto.domain.codes import LateOutcome, ProposalState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.freezing import CaseKind
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.freezing import DraftForm, FreezeForm, LateForm, MarkForm
from occto.labels import label
from occto.models import Assembly, Proposal, Snapshot
from occto.queries.allocation import Calculation, calculate
from occto.queries.assemblies import late_facts
from occto.queries.freeze_checks import Case, errors_of, freeze_cases
from occto.queries.snapshots import calculated_again, frozen_of, kept_calculation
from occto.services import freezing
from occto.services import late_facts as outcomes
from occto.services.snapshots import figures_digest

_WAITING = (ProposalKind.FREEZE, ProposalKind.REFREEZE, ProposalKind.LATE_FACT)
CASE_HEADS = ("種類", "会社", "いつから", "番号・内容", "確認")


@dataclass(frozen=True, slots=True)
class Counted:
    """The votes as they read now, with everything undecided; no calculation where it cannot be made."""

    calculation: Calculation | None
    cases: list[Case]

    @property
    def unsettled(self) -> list[Case]:
        return [case for case in self.cases if not case.settled]

    @property
    def digest(self) -> str:
        return figures_digest(self.calculation) if self.calculation else ""


def _counted(session: Session, row: Assembly) -> Counted:
    cases = freeze_cases(session, row)
    try:
        calculation = calculate(session, row)
    except Refusal as refusal:
        return Counted(None, [Case(CaseKind.ERROR, f"ERROR:{refusal.code}", number=refusal.sentence), *cases])
    return Counted(calculation, [*errors_of(calculation), *cases])


class FreezingView(Doors, Screen, BaseView):
    """One assembly at a time, named by `id`; whoever comes without one is sent to the list of assemblies."""

    see, under = Permission.ASSEMBLY_SEE, "assemblies"

    def __init__(self) -> None:
        super().__init__(name="議決権の確定", endpoint="freezing", url="freezing")

    @expose("/")
    def index(self) -> str:
        """Where the freeze stands, and what is still in its way."""
        session, row = db.session(), _assembly()
        counting = row.state is AssemblyState.COUNTING
        frozen = frozen_of(session, row.id)
        counted = _counted(session, row) if frozen is None else None
        late = late_facts(session, row.id)
        return self.render(
            "admin/freezing.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row),
            state=label(row.state),
            counting=counting,
            frozen=frozen,
            over=row.record_on < today_jst(clock.now()),
            unsettled=len(counted.unsettled) if counted else 0,
            markable=any(case.kind is not CaseKind.ERROR for case in counted.unsettled) if counted else False,
            waiting=_waiting(session, row.id),
            may=viewer.can(Permission.ASSEMBLY_EDIT),
            to_postpone=row.state in FROZEN_OR_LATER and any(one.outcome is LateOutcome.POSTPONE for one in late),
            may_settle=row.state in FROZEN_OR_LATER and any(one.outcome is None for one in late),
            parts_below=_parts(session, row, counted, frozen),
        )

    @expose("/mark/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def mark(self) -> Any:
        """確認済."""
        row = _assembly()
        open_cases = [case for case in freeze_cases(db.session(), row) if not case.settled]
        form = MarkForm(sent_form())
        form.keys.choices = [(case.key, words.case_in_words(case)) for case in open_cases]

        def act(session: Session) -> str:
            given = {"keys": form.keys.data, "reason": form.reason.data}
            freezing.mark_checked(session, row.id, **given, actor=actor(), now=clock.now())
            return _page(row)

        lead = (
            "内容を確かめ、議決権に影響しないと判断したものだけを、確認済にしてください。内容が出し直されると、"
            "もう一度確認が必要になります。"
        )
        door = _door(row, "議決権に関わるものを確認済にする", "確認済にする", lead)
        return self.go_through(door, form, act, done="確認済にしました。")

    @expose("/draft/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def draft(self) -> Any:
        """A draft that is kept."""
        row, form = _assembly(), DraftForm(sent_form())

        def act(session: Session) -> str:
            freezing.keep_draft(session, row.id, reason=form.reason.data, actor=actor(), now=clock.now())
            return _page(row)

        lead = "いまの議決権を、あとで比べるために残します。議決権は確定しません。"
        return self.go_through(_door(row, "集計を残す", "集計を残す", lead), form, act, done="集計を残しました。")

    @expose("/propose/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def propose(self) -> Any:
        """The request to freeze: what is on the check page is what is asked for."""
        row, form = _assembly(), FreezeForm(sent_form())
        counted = _counted(db.session(), row)
        digest, version = _seen(counted.digest), sent_version(row.version)

        def act(session: Session) -> str:
            number = freezing.propose_freeze(
                session,
                row.id,
                reason=form.reason.data,
                seen_version=version,
                seen_digest=digest,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("proposals.details_view", id=number)

        lead = "別の方が確認すると、議決権が確定します。届出と異議は締め切られ、招集通知を送れるようになります。"
        door = _door(row, "議決権の確定を依頼する", "確定を依頼する", lead, digest=digest)
        return self._asked(door, form, act, version, lambda: _preview_of_freeze(counted), row)

    @expose("/late/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def late(self) -> Any:
        """What is done about facts that are known too late."""
        row, form = _assembly(), LateForm(sent_form())
        session = db.session()
        found = [one for one in late_facts(session, row.id) if one.outcome is None]
        form.facts.choices = [(str(one.id), f"{one.name}　{words.about_in_words(one)}") for one in found]
        frozen = frozen_of(session, row.id)
        if frozen is None:
            abort(404)
        before, after = kept_calculation(session, frozen), calculated_again(session, frozen)
        digest, version = _seen(figures_digest(after)), sent_version(row.version)

        def act(session: Session) -> str:
            given: dict[str, Any] = {"reason": form.reason.data, "seen_version": version}
            given |= {"actor": actor(), "now": clock.now()}
            outcome = LateOutcome(form.outcome.data)
            if outcome is LateOutcome.REFREEZE:
                number = outcomes.propose_refreeze(session, row.id, seen_digest=digest, **given)
            else:
                chosen = [int(fact) for fact in form.facts.data]
                number = outcomes.propose_outcome(session, row.id, outcome=outcome, fact_ids=chosen, **given)
            return url_for("proposals.details_view", id=number)

        def preview() -> Preview:
            if form.outcome.data != LateOutcome.REFREEZE:
                rows = words.late_rows([one for one in found if str(one.id) in form.facts.data])
                chosen = Table("対象", words.LATE_HEADS, rows, "選ばれていません。入力に戻って選んでください。")
                return Preview((), [Facts("取扱い", [("取扱い", label(LateOutcome(form.outcome.data)))]), chosen])
            today = today_jst(clock.now())
            parts: list[Facts | Table] = [Table("対象", words.LATE_HEADS, words.late_rows(found)), words.figures(after)]
            parts += [*words.moved(before, after), words.told(session, before, after, today=today)]
            return Preview(["先に「そのままとする」とした事実も、確定のやり直しに含まれます。"], parts)

        lead = "基準日までの事実が、確定のあとに分かりました。取扱いを選ぶと、別の方の確認を待ちます。"
        door = _door(row, "基準日後判明の取扱いを決める", "確認を依頼する", lead, digest=digest)
        return self._asked(door, form, act, version, preview, row)

    def _asked(
        self,
        door: Door,
        form: BaseForm,
        act: Callable[[Session], str],
        version: int,
        preview: Callable[[], Preview],
        row: Assembly,
    ) -> Any:
        number = row.id
        return self.go_through(
            door,
            form,
            act,
            done="二人目の方に確認を依頼しました。まだ何も変わっていません。",
            preview=preview,
            version=version,
            now_version=lambda: db.session.get_one(Assembly, number).version,
        )


def _assembly() -> Assembly:
    row = assembly_asked()
    db.session.expunge(row)  # it outlives the unit of work, which forgets what was read
    return row


def _seen(digest: str) -> str:
    """The digest of the check page that was confirmed; before that the one of now."""
    return request.form.get("digest", "")[:64] if CONFIRMED in request.form else digest


def _page(row: Assembly) -> str:
    return url_for("freezing.index", id=row.id)


def _door(row: Assembly, title: str, button: str, lead: str, *, digest: str | None = None) -> Door:
    hidden: dict[str, str | int] = {"id": row.id} | ({"digest": digest} if digest is not None else {})
    back = ("議決権の確定の画面へ戻る", _page(row))
    return Door(title, button, back, lead=lead, caption=title_of(row), hidden=hidden)


def _waiting(session: Session, assembly_id: int) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Proposal.id, Proposal.kind)
        .where(
            Proposal.assembly_id == assembly_id,
            Proposal.state == ProposalState.PROPOSED,
            Proposal.kind.in_(_WAITING),
        )
        .order_by(Proposal.id)
    )
    return [(label(row.kind), url_for("proposals.details_view", id=row.id)) for row in rows]


def _preview_of_freeze(counted: Counted) -> Preview:
    sentences = []
    if counted.unsettled:
        sentences.append(
            f"議決権が変わる可能性のあるものが、あと {len(counted.unsettled):,}件あります。"
            "処理を終えるか、確認済にするまで、確定は依頼できません。"
        )
    marked = [case for case in counted.cases if case.settled]
    parts: list[Facts | Table] = [words.figures(counted.calculation)] if counted.calculation else []
    if marked:
        rows = [words.case_row(case, {}) for case in marked]
        parts.append(Table("確認済として、そのままにするもの", CASE_HEADS, rows))
    return Preview(sentences, parts)


def _parts(
    session: Session, row: Assembly, counted: Counted | None, frozen: Snapshot | None
) -> Sequence[Facts | Table]:
    parts: list[Facts | Table] = []
    if frozen is not None:
        parts.append(words.figures(kept_calculation(session, frozen), "確定した議決権"))
    elif counted is not None:
        calculation = counted.calculation
        names = dict(calculation.record.names) if calculation else {}
        rows = [words.case_row(case, names) for case in sorted(counted.cases, key=lambda case: case.settled)]
        none = "議決権が変わる可能性のある、決まっていないものはありません。"
        parts.append(Table("確定の前に確かめるもの", CASE_HEADS, rows, none))
        parts += [words.figures(calculation)] if calculation else []
    late = words.late_rows(late_facts(session, row.id), frozen=frozen is not None)
    empty = "基準日までの日付の変更で、基準日のあとに登録されたものはありません。"
    parts.append(Table("基準日後判明", words.LATE_HEADS, late, empty))
    kept = session.scalars(select(Snapshot).where(Snapshot.assembly_id == row.id).order_by(Snapshot.no.desc())).all()
    parts.append(Table("残した集計", words.SNAPSHOT_HEADS, words.snapshot_rows(session, kept)))
    return parts
