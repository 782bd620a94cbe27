"""届出: filed on line or entered from paper, countersigned, withdrawn; the later received wins (`domain` 5.2)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import SHOWN_TO_MEMBERS, UNFROZEN
from occto.domain.codes import AttachmentKind, Channel, ElectionState, ScanState
from occto.domain.dates import today_jst
from occto.domain.elections import EVERY_GROUP, check_named, consent_missing, state_for
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.votes import Group
from occto.models import Assembly, HolderElection, Member
from occto.queries.elections import FamilyOnRecord, family_of, group_of
from occto.services import audit
from occto.services.election_mails import tell, tell_filed
from occto.services.files import store_file

OVER = frozenset({ElectionState.WITHDRAWN, ElectionState.REFUSED})


@dataclass(frozen=True, slots=True)
class Scan:
    """The paper as a file, its kind told by its content."""

    name: str
    media_type: str
    content: bytes


def file_election(
    session: Session,
    *,
    assembly_id: int | None,
    group: Group | None,
    holder_id: int,
    actor: Actor,
    now: datetime,
) -> int:
    """A member names who of its family holds the votes, for an assembly or for all to come; returns the row number.

    Refusals: not_allowed, not_found (no assembly that members see), votes_frozen, not_on_roll, alone, not_in_family,
    not_in_group, filed_already (the same one stands).
    """
    member_id = _require_filer(actor)
    assembly = open_assembly(session, assembly_id, seen_by_members=True)
    family = _family(session, member_id, assembly, now=now)
    holder = _node_of(session, holder_id)
    check_named(family.family, group=group, holder=holder)
    _refuse_repeated(session, family, assembly_id=assembly_id, group=group, holder_id=holder_id, filer_id=member_id)
    missing = consent_missing(family.family, group=group, holder=holder, signed=frozenset({family.own}))
    election = HolderElection(
        assembly_id=assembly_id,
        vote_group=_stored(group),
        root_body_id=family.family.root,
        holder_member_id=holder_id,
        filed_by_member_id=member_id,
        channel=Channel.ONLINE,
        received_at=now,
        entered_by_id=actor.user_id,
        mandate_id=actor.mandate_id,
        state=state_for(missing),
    )
    session.add(election)
    session.flush()
    asked = {family.member_of(node) for node in missing}
    _record_filed(session, election, told=tell_filed(session, election, asked, now=now), actor=actor, now=now)
    return election.id


def enter_election(
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
    """Staff key in a 届出 that came on paper; 要確認 until a second person settles it, or the company that would
    otherwise hold the votes countersigns on line.

    Refusals: not_allowed, not_found, votes_frozen, received_later (after now), not_on_roll, alone, not_in_family,
    not_in_group.
    """
    if not actor.can(Permission.ELECTION_ENTER) or actor.user_id is None:
        raise NotAllowed
    assembly = open_assembly(session, assembly_id)
    if received_at > now:
        raise Refusal("received_later", "受け取った日時は、いままでの日時を入力してください。", field="received_on")
    if session.get(Member, filed_by_id, with_for_update={"key_share": True}) is None:
        raise NotFound
    family = _family(session, filed_by_id, assembly, now=now)
    holder = _node_of(session, holder_id)
    check_named(family.family, group=group, holder=holder)
    document = keep_scan(
        session, scan, AttachmentKind.ELECTION, assembly_id=assembly_id, member_id=filed_by_id, now=now
    )
    election = HolderElection(
        assembly_id=assembly_id,
        vote_group=_stored(group),
        root_body_id=family.family.root,
        holder_member_id=holder_id,
        filed_by_member_id=filed_by_id,
        channel=Channel.PAPER,
        received_at=received_at,
        document_id=document,
        entered_by_id=actor.user_id,
        state=ElectionState.UNSETTLED,
    )
    session.add(election)
    session.flush()
    missing = consent_missing(family.family, group=group, holder=holder, signed=frozenset({family.own}))
    asked = {family.member_of(node) for node in missing}
    _record_filed(session, election, told=tell_filed(session, election, asked, now=now), actor=actor, now=now)
    return election.id


def countersign(session: Session, election_id: int, *, seen_version: int, actor: Actor, now: datetime) -> ElectionState:
    """The member that would otherwise hold the votes consents. Returns the state that follows.

    Refusals: not_allowed, not_found (another family's), stale, over (withdrawn or not used), votes_frozen, not_holder
    (another company holds the votes), holders_several (more than one would have to consent: the office settles).
    """
    member_id = _require_filer(actor)
    election, assembly = lock_election(session, election_id, seen_version=seen_version)
    family = _family_of_election(session, election, assembly, member_id=member_id, now=now)
    if election.state is not ElectionState.UNSETTLED:
        raise Refusal("over", "この届出は、すでに有効になったか、取り下げられました。いまの状態をお確かめください。")
    missing = _still_missing(session, election, family)
    if family.own not in missing:
        raise Refusal(
            "not_holder",
            "同意できるのは、届出がないときに議決権を行使する会社だけです。いまの行使する会社をお確かめください。",
        )
    if missing != {family.own}:
        raise Refusal(
            "holders_several",
            "グループによって議決権を行使する会社が異なるため、1社の同意では有効になりません。"
            "グループごとに届け出ていただくか、当機関の確認をお待ちください。",
        )
    election.countersigned_by_id, election.countersigned_at = member_id, now
    election.state = ElectionState.EFFECTIVE
    election.version += 1
    detail = {"state": election.state, "told": tell(session, election, "assemblies/election_effective", now=now)}
    audit.record(session, "election.countersigned", subject=subject(election), actor=actor, now=now, detail=detail)
    session.flush()
    return election.state


def withdraw(session: Session, election_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """The member that filed it takes it back. Refusals: not_allowed, not_found, stale, over, votes_frozen."""
    member_id = _require_filer(actor)
    election, _assembly = lock_election(session, election_id, seen_version=seen_version)
    if election.filed_by_member_id != member_id:
        raise NotFound
    decide(session, election, ElectionState.WITHDRAWN, reason=None, now=now)
    detail = {"reason": None, "told": tell(session, election, "assemblies/election_closed", now=now)}
    audit.record(session, "election.withdrawn", subject=subject(election), actor=actor, now=now, detail=detail)
    session.flush()


def open_assembly(session: Session, assembly_id: int | None, *, seen_by_members: bool = False) -> Assembly | None:
    """The assembly under its lock, its votes not frozen yet; None for a standing 届出.

    Refusals: not_found, votes_frozen.
    """
    if assembly_id is None:
        return None
    assembly = session.get(Assembly, assembly_id, with_for_update={"key_share": True})
    if assembly is None or (
        seen_by_members and (assembly.state not in SHOWN_TO_MEMBERS or assembly.rehearsal_of_id is not None)
    ):
        raise NotFound
    if assembly.state not in UNFROZEN:
        raise Refusal(
            "votes_frozen",
            "この総会の議決権は確定したため、届出や異議は受け付けられません。"
            "事実と異なる点があるときは、当機関にご連絡ください。",
        )
    return assembly


def lock_election(session: Session, election_id: int, *, seen_version: int) -> tuple[HolderElection, Assembly | None]:
    """A 届出 under its lock, that of its assembly first. Refusals: not_found, votes_frozen, stale."""
    row = session.execute(select(HolderElection.assembly_id).where(HolderElection.id == election_id)).one_or_none()
    if row is None:
        raise NotFound
    assembly = open_assembly(session, row.assembly_id)
    election = session.get(HolderElection, election_id, with_for_update=True, populate_existing=True)
    if election is None:
        raise NotFound
    if election.version != seen_version:
        raise Stale
    return election, assembly


def decide(
    session: Session, election: HolderElection, state: ElectionState, *, reason: str | None, now: datetime
) -> None:
    """Put a 届出 into the state that was decided. Refusal: over."""
    if election.state in OVER:
        raise over()
    election.state, election.reason = state, reason
    election.withdrawn_at = now if state is ElectionState.WITHDRAWN else None
    election.version += 1
    session.flush()


def keep_scan(
    session: Session,
    scan: Scan,
    kind: AttachmentKind,
    *,
    assembly_id: int | None,
    member_id: int,
    now: datetime,
) -> int:
    """Keep a paper with its assembly, or where it is for none with the member; returns the number of the file."""
    case = {"assembly_id": assembly_id} if assembly_id is not None else {"member_id": member_id}
    kept = store_file(
        session,
        kind=kind,
        name=scan.name,
        media_type=scan.media_type,
        content=scan.content,
        scan_state=ScanState.NOT_CONFIGURED,
        now=now,
        **case,
    )
    return kept.id


def subject(election: HolderElection) -> str:
    """The subject of its events."""
    return f"ELECTION:{election.id}"


def over() -> Refusal:
    """What is said where a 届出 is out of force already."""
    return Refusal("over", "この届出は、すでに取り下げられたか、決定が済んでいます。いまの状態をお確かめください。")


def _require_filer(actor: Actor) -> int:
    if not actor.can(Permission.ASSEMBLIES_FILE) or actor.user_id is None or actor.member_id is None:
        raise NotAllowed
    return actor.member_id


def _stored(group: Group | None) -> str:
    return EVERY_GROUP if group is None else group.value


def _node_of(session: Session, member_id: int) -> int:
    """The body of a member; a number that is none names no company, and so none of the family."""
    return session.scalar(select(Member.body_id).where(Member.id == member_id)) or 0


def _family(session: Session, member_id: int, assembly: Assembly | None, *, now: datetime) -> FamilyOnRecord:
    found = family_of(session, member_id, assembly, today=today_jst(now))
    if found is None:
        raise Refusal(
            "not_on_roll",
            "この会員は、基準日の名簿に載っていないため、届出ができません。会員となった日をお確かめください。",
        )
    return found


def _family_of_election(
    session: Session, election: HolderElection, assembly: Assembly | None, *, member_id: int, now: datetime
) -> FamilyOnRecord:
    """The family as it is without the 届出, for a member of it. NotFound for any other member."""
    found = family_of(session, member_id, assembly, today=today_jst(now), without=election.id)
    if found is None or found.family.root != election.root_body_id:
        raise NotFound
    return found


def _still_missing(session: Session, election: HolderElection, family: FamilyOnRecord) -> frozenset[int]:
    signed = {election.filed_by_member_id, election.countersigned_by_id}
    nodes = frozenset(session.scalars(select(Member.body_id).where(Member.id.in_([one for one in signed if one]))))
    holder = _node_of(session, election.holder_member_id)
    return consent_missing(family.family, group=group_of(election), holder=holder, signed=nodes)


def _refuse_repeated(
    session: Session,
    family: FamilyOnRecord,
    *,
    assembly_id: int | None,
    group: Group | None,
    holder_id: int,
    filer_id: int,
) -> None:
    """Refuse what the newest 届出 of the family for the same already says."""
    scope = HolderElection.assembly_id.is_(None) if assembly_id is None else HolderElection.assembly_id == assembly_id
    last = session.scalars(
        select(HolderElection)
        .where(
            scope,
            HolderElection.root_body_id == family.family.root,
            HolderElection.vote_group == _stored(group),
            HolderElection.state.not_in(OVER),
        )
        .order_by(HolderElection.received_at.desc(), HolderElection.id.desc())
        .limit(1)
    ).first()
    if last is not None and (last.holder_member_id, last.filed_by_member_id) == (holder_id, filer_id):
        raise Refusal("filed_already", "同じ内容の届出を、すでに受け付けています。届出の一覧をご覧ください。")


def _record_filed(session: Session, election: HolderElection, *, told: int, actor: Actor, now: datetime) -> None:
    detail = {
        "assembly_id": election.assembly_id,
        "vote_group": election.vote_group,
        "holder_id": election.holder_member_id,
        "filed_by_id": election.filed_by_member_id,
        "channel": election.channel,
        "state": election.state,
        "told": told,
    }
    audit.record(session, "election.filed", subject=subject(election), actor=actor, now=now, detail=detail)
    session.flush()
