"""確定: drafts of the votes, the check list before the freeze, the freeze itself by a second person (`domain` 5.3).

Until the freeze votes are those of the register, the 届出 and the settings as they read; after it those of the rows
that it kept.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.codes import LateOutcome, SnapshotState
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.models import Assembly, FreezeCheck, LateFact, Proposal, Snapshot
from occto.queries.allocation import Calculation, calculate, elections_of
from occto.queries.freeze_checks import errors_of, freeze_cases
from occto.queries.register.known import newest_change
from occto.queries.snapshots import filed_in, kept_calculation, newest_of
from occto.services import audit, proposals, snapshots

CHANGED_SINCE = (
    "依頼のあとに登録や届出が変わったため、議決権が依頼したときと違っています。変わったところを確かめ、この依頼を取りやめて、"
    "もう一度依頼してください。"
)


def keep_draft(session: Session, assembly_id: int, *, actor: Actor, now: datetime, reason: str | None = None) -> int:
    """Keep the votes as they are now, to be compared with later; returns the row number.

    Refusals: not_allowed, not_found, illegal_step (only while the votes are counted), no_change (the last one is the
    same), and those of the calculation.
    """
    assembly = locked_assembly(session, assembly_id, actor=actor)
    _require_counting(assembly)
    calculation = calculate(session, assembly)
    if _same_draft(session, calculation) is not None:
        raise Refusal("no_change", "前に残した集計から、議決権は変わっていません。")
    return _keep_draft(session, calculation, reason=reason, actor=actor, now=now).id


def keep_draft_if_changed(session: Session, assembly_id: int, *, now: datetime) -> bool:
    """Keep a draft where register or 届出 changed since the last one and votes with them; whether one was kept."""
    assembly = session.get(Assembly, assembly_id, with_for_update=True)
    if assembly is None or assembly.state is not AssemblyState.COUNTING:
        return False
    newest = newest_of(session, assembly_id)
    read = newest_change(session), elections_of(session, assembly_id)
    if newest is not None and (newest.known_change_id, filed_in(newest)) == read:
        return False
    try:
        calculation = calculate(session, assembly)
    except Refusal:  # the page of the freeze says what has to be mended
        return False
    if _same_draft(session, calculation) is not None:
        return False
    _keep_draft(session, calculation, reason=None, actor=SYSTEM, now=now)
    return True


def counting(session: Session) -> list[int]:
    """The assemblies whose votes are being counted."""
    return list(session.scalars(select(Assembly.id).where(Assembly.state == AssemblyState.COUNTING)))


def mark_checked(
    session: Session, assembly_id: int, *, keys: Sequence[str], reason: str, actor: Actor, now: datetime
) -> None:
    """確認済: these undecided cases were looked at and may be left, for a reason. A later mark replaces an earlier one.

    Refusals: not_allowed, not_found, illegal_step, reason_missing, none_chosen, stale (a case was settled or sent in anew).
    """
    assembly = locked_assembly(session, assembly_id, actor=actor)
    _require_counting(assembly)
    if not reason.strip():
        raise Refusal("reason_missing", "確認済にする理由を入力してください。", field="reason")
    if not keys:
        raise Refusal("none_chosen", "確認済にするものを選んでください。", field="keys")
    if not set(keys) <= {case.key for case in freeze_cases(session, assembly)}:
        raise Stale(
            "画面を開いたあとに、選んだものの内容が変わりました。いまの一覧を確かめて、もう一度選んでください。"
        )
    assert actor.user_id is not None
    for key in sorted(set(keys)):
        mark = session.get(FreezeCheck, (assembly_id, key)) or FreezeCheck(assembly_id=assembly_id, case_key=key)
        mark.reason, mark.checked_by_id, mark.at = reason.strip(), actor.user_id, now
        session.add(mark)
    detail = {"cases": sorted(set(keys)), "reason": reason.strip()}
    audit.record(session, "assembly.cases_checked", subject=_subject(assembly), actor=actor, now=now, detail=detail)
    session.flush()


def propose_freeze(
    session: Session,
    assembly_id: int,
    *,
    reason: str,
    seen_version: int,
    seen_digest: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to freeze the votes that were on the screen; they are kept as a draft. Returns the proposal.

    Refusals: not_allowed, not_found, stale, illegal_step, record_day_ahead, cases_open, calculation_errors, changed_since
    (`seen_digest` is of other votes than those of now), already_proposed, reason_missing.
    """
    assembly = locked_assembly(session, assembly_id, seen_version=seen_version, actor=actor)
    _require_ready(session, assembly, now=now)
    calculation = require_sound(calculate(session, assembly))
    digest = snapshots.figures_digest(calculation)
    if digest != seen_digest:
        raise Refusal(
            "changed_since", "画面を開いたあとに議決権が変わりました。新しい集計を確かめて、もう一度依頼してください。"
        )
    draft = _same_draft(session, calculation) or _keep_draft(session, calculation, reason=None, actor=actor, now=now)
    proposal = proposals.propose(
        session,
        ProposalKind.FREEZE,
        subject_key=_subject(assembly),
        assembly_id=assembly.id,
        values={"snapshot_id": draft.id},
        digest=digest,
        reason=reason,
        actor=actor,
        now=now,
    )
    return proposal.id


def freeze(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person freezes: calculated anew under the lock of the register, kept, and nothing else than proposed.

    Refusals: illegal_step, record_day_ahead, cases_open, calculation_errors, changed_since.
    """
    assembly = session.get_one(Assembly, proposal.assembly_id)
    _require_ready(session, assembly, now=now)
    calculation = require_sound(calculate(session, assembly))
    if snapshots.figures_digest(calculation) != proposal.digest:
        raise Refusal("changed_since", CHANGED_SINCE)
    keep_frozen(session, assembly, calculation, proposal=proposal, actor=actor, now=now, tag="assembly.frozen")
    settle_late_facts(session, assembly, LateOutcome.INCLUDED, proposal=proposal, actor=actor, now=now)
    assembly.state = AssemblyState.FROZEN
    assembly.version += 1
    session.flush()


def keep_frozen(
    session: Session,
    assembly: Assembly,
    calculation: Calculation,
    *,
    proposal: Proposal,
    actor: Actor,
    now: datetime,
    tag: str,
) -> None:
    """Keep a calculation as the one that decides; an earlier one is set aside. `tag` names the act in the trail."""
    snapshot = snapshots.keep(
        session,
        calculation,
        state=SnapshotState.FROZEN,
        reason=proposal.reason,
        made_by_id=proposal.proposed_by_id,
        second_by_id=actor.user_id,
        now=now,
    )
    detail = {
        "no": snapshot.no,
        "known_change_id": snapshot.known_change_id,
        "votes": snapshot.total,
        "sha256": snapshot.sha256,
        "reason": proposal.reason,
        "proposed_by_id": proposal.proposed_by_id,
    }
    audit.record(session, tag, subject=_subject(assembly), actor=actor, now=now, detail=detail)


def settle_late_facts(
    session: Session,
    assembly: Assembly,
    outcome: LateOutcome,
    *,
    proposal: Proposal,
    actor: Actor,
    now: datetime,
    fact_ids: Sequence[int] | None = None,
) -> None:
    """Write the outcome of late facts: of those named, else of every one that has none or was kept as it was.

    A freeze counts all that the register knows, so what was to be left aside before is in it too.
    """
    query = select(LateFact).where(LateFact.assembly_id == assembly.id).order_by(LateFact.id).with_for_update()
    if fact_ids is not None:
        query = query.where(LateFact.id.in_(fact_ids))
    facts = [fact for fact in session.scalars(query) if fact.outcome in (None, LateOutcome.KEEP)]
    for fact in facts:
        fact.outcome, fact.reason, fact.decided_at = outcome, proposal.reason, now
        fact.decided_by_id, fact.second_by_id = proposal.proposed_by_id, actor.user_id
    if facts:
        detail = {
            "late_facts": [fact.id for fact in facts],
            "outcome": outcome,
            "reason": proposal.reason,
            "proposed_by_id": proposal.proposed_by_id,
        }
        audit.record(session, "assembly.late_settled", subject=_subject(assembly), actor=actor, now=now, detail=detail)


def locked_assembly(session: Session, assembly_id: int, *, actor: Actor, seen_version: int | None = None) -> Assembly:
    """The assembly under its lock, for somebody of the staff who may edit it. Refusals: not_allowed, not_found, stale."""
    if not actor.can(Permission.ASSEMBLY_EDIT) or actor.user_id is None:
        raise NotAllowed
    assembly = session.get(Assembly, assembly_id, with_for_update=True)
    if assembly is None:
        raise NotFound
    if seen_version is not None and assembly.version != seen_version:
        raise Stale
    return assembly


def require_sound(calculation: Calculation) -> Calculation:
    """Refusal calculation_errors where the calculation has an error that staff have to mend."""
    if errors_of(calculation):
        raise Refusal(
            "calculation_errors",
            "議決権の計算に誤りが見つかっているため、確定できません。確認の一覧に示した登録を直してください。",
        )
    return calculation


def _require_counting(assembly: Assembly) -> None:
    ASSEMBLY.require("freeze", assembly.state)


def _require_ready(session: Session, assembly: Assembly, *, now: datetime) -> None:
    _require_counting(assembly)
    if assembly.record_on >= today_jst(now):
        raise Refusal(
            "record_day_ahead", "基準日が終わってから確定してください。議決権は、基準日の終わりの登録で決まります。"
        )
    unsettled = [case for case in freeze_cases(session, assembly) if not case.settled]
    if unsettled:
        raise Refusal(
            "cases_open",
            f"議決権が変わる可能性のあるものが、あと {len(unsettled):,}件あります。処理を終えるか、確認済にしてください。",
        )


def _same_draft(session: Session, calculation: Calculation) -> Snapshot | None:
    """The draft kept last, where it gives the same votes for the same reasons."""
    newest = newest_of(session, calculation.assembly_id)
    if newest is None or newest.state is not SnapshotState.DRAFT:
        return None
    same = snapshots.figures_digest(kept_calculation(session, newest)) == snapshots.figures_digest(calculation)
    return newest if same else None


def _keep_draft(
    session: Session, calculation: Calculation, *, reason: str | None, actor: Actor, now: datetime
) -> Snapshot:
    snapshot = snapshots.keep(
        session,
        calculation,
        state=SnapshotState.DRAFT,
        reason=reason,
        made_by_id=actor.user_id,
        second_by_id=None,
        now=now,
    )
    detail = {"no": snapshot.no, "known_change_id": snapshot.known_change_id, "votes": snapshot.total}
    subject = f"ASSEMBLY:{calculation.assembly_id}"
    audit.record(session, "assembly.draft_kept", subject=subject, actor=actor, now=now, detail=detail)
    return snapshot


def _subject(assembly: Assembly) -> str:
    return f"ASSEMBLY:{assembly.id}"
