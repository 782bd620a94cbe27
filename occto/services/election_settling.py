"""届出 that are 要確認 or taken back on paper: one of the staff proposes, another settles (`domain` 4, Second person)."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, ElectionState
from occto.domain.errors import NotAllowed, Refusal, SecondPersonNeeded
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.domain.votes import Group
from occto.models import HolderElection, Proposal
from occto.services import audit, elections, proposals
from occto.services.election_mails import tell
from occto.services.elections import Scan


def enter_and_propose(
    session: Session,
    *,
    assembly_id: int | None,
    group: Group | None,
    filed_by_id: int,
    holder_id: int,
    received_at: datetime,
    scan: Scan,
    actor: Actor,
    now: datetime,
) -> int:
    """Key in a 届出 from paper and ask a second person to put it into force; returns the row number of the 届出.

    Refusals: those of `elections.enter_election`.
    """
    number = elections.enter_election(
        session,
        assembly_id=assembly_id,
        group=group,
        filed_by_id=filed_by_id,
        holder_id=holder_id,
        received_at=received_at,
        scan=scan,
        actor=actor,
        now=now,
    )
    election = session.get_one(HolderElection, number)
    _propose(
        session, election, ElectionState.EFFECTIVE, reason="書面の届出のとおりに有効とする。", actor=actor, now=now
    )
    return number


def propose_settlement(
    session: Session,
    election_id: int,
    *,
    outcome: ElectionState,
    reason: str,
    scan: Scan | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to settle a 届出; returns the row number of the proposal.

    Refusals: not_allowed, not_found, stale, votes_frozen, over, document_missing (取下げ needs the paper),
    reason_missing, already_proposed.
    """
    if not actor.can(Permission.ELECTION_ENTER) or actor.user_id is None:
        raise NotAllowed
    election, _assembly = elections.lock_election(session, election_id, seen_version=seen_version)
    _require_possible(election, outcome)
    if outcome is ElectionState.WITHDRAWN and scan is None:
        raise Refusal("document_missing", "取下げの申し出の書面の写しを選んでください。", field="file")
    document = None
    if scan is not None:
        document = elections.keep_scan(
            session,
            scan,
            AttachmentKind.ELECTION,
            assembly_id=election.assembly_id,
            member_id=election.filed_by_member_id,
            now=now,
        )
    return _propose(session, election, outcome, reason=reason, actor=actor, now=now, document=document).id


def settle(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person's confirmation: what was proposed happens to the 届出.

    Whoever keyed it in is no second person, even where somebody else asked (`domain` 4). Refusals: not_found,
    votes_frozen, over, stale (it was countersigned or withdrawn meanwhile), second_person.
    """
    values = proposal.values
    election, _assembly = elections.lock_election(session, values["election_id"], seen_version=values["version"])
    if actor.user_id == election.entered_by_id:
        raise SecondPersonNeeded("届出を入力した方とは別の方が確認してください。")
    outcome = ElectionState(values["outcome"])
    _require_possible(election, outcome)
    elections.decide(session, election, outcome, reason=proposal.reason, now=now)
    election.settled_by_id, election.settled_at = actor.user_id, now
    template = "effective" if outcome is ElectionState.EFFECTIVE else "closed"
    detail = {
        "outcome": outcome,
        "reason": proposal.reason,
        "proposed_by_id": proposal.proposed_by_id,
        "told": tell(session, election, f"assemblies/election_{template}", now=now),
    }
    audit.record(session, "election.settled", subject=elections.subject(election), actor=actor, now=now, detail=detail)
    session.flush()


def _require_possible(election: HolderElection, outcome: ElectionState) -> None:
    wrong_way = outcome is ElectionState.UNSETTLED
    if wrong_way or (outcome is ElectionState.EFFECTIVE and election.state is not ElectionState.UNSETTLED):
        raise elections.over()
    if election.state in elections.OVER:
        raise elections.over()


def _propose(
    session: Session,
    election: HolderElection,
    outcome: ElectionState,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    document: int | None = None,
) -> Proposal:
    return proposals.propose(
        session,
        ProposalKind.ELECTION,
        subject_key=elections.subject(election),
        values={"election_id": election.id, "outcome": outcome.value, "version": election.version},
        reason=reason,
        actor=actor,
        now=now,
        assembly_id=election.assembly_id,
        member_id=election.filed_by_member_id,
        attachment_id=document,
    )
