"""Reads of 出欠・議決権の回答: what a member is asked, its standing reply and the earlier ones, whom a copy goes to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, literal, null, select, type_coerce, union_all
from sqlalchemy.orm import Session

from occto.domain.agenda import Consent, ItemKind, item_title
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.codes import SnapshotState
from occto.domain.profile import ASSEMBLY_CONTACT, MEMBER_CONTACT
from occto.domain.replies import LEFT_OPEN, Answer, Attendance, Person, ReplyChannel
from occto.domain.replies import Ballot as Asked
from occto.domain.tally import CHOICE_LABELS, Choice, Resolution
from occto.models import (
    Affiliation,
    AgendaConflict,
    AgendaItem,
    Assembly,
    Attendee,
    Ballot,
    ContractOfUse,
    ProfileFact,
    Reply,
    Snapshot,
    SnapshotMember,
    StandingReply,
    User,
)
from occto.queries.people import REACHED_ADMINISTRATOR
from occto.queries.plain import current_rows_of, fixed, one_of, written
from occto.queries.void_votes import has_left


@dataclass(frozen=True, slots=True)
class Meeting:
    """An assembly as those who reply see it. `reply_until` is half-open: at that instant it is too late."""

    id: int
    kind: AssemblyKind
    fiscal_year: int
    no: int
    state: AssemblyState
    held_at: datetime
    place: str | None
    record_on: date
    reception_from: datetime | None
    reply_until: datetime | None
    settings: AssemblySettings
    closing_reason: str | None
    rehearsal_of_id: int | None
    version: int

    def is_open(self, at: datetime) -> bool:
        """Whether members may reply on line at this instant."""
        return self.state is AssemblyState.REPLIES_OPEN and self.reply_until is not None and at < self.reply_until


@dataclass(frozen=True, slots=True)
class OnRoll:
    """What a member is in an assembly, by the frozen votes. `left`: no licence is in force any more."""

    snapshot_id: int
    name: str
    votes: int
    sanctioned: bool
    left: bool

    @property
    def holder(self) -> bool:
        return self.votes > 0


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the agenda. `conflict`: it is about the member's own relation, which has no vote on it (28条の39)."""

    id: int
    no: int
    title: str
    kind: ItemKind
    summary: str | None
    majority: Resolution | None
    consent: Consent
    conflict: bool
    withdrawn_reason: str | None
    notified_at: datetime | None

    @property
    def put_to_vote(self) -> bool:
        """Whether members choose: it is no report, stood in a notice and was not withdrawn."""
        return self.kind is not ItemKind.REPORT and self.notified_at is not None and self.withdrawn_reason is None

    def put_to_vote_at(self, at: datetime) -> bool:
        """The same, but of an instant at which a reply was received."""
        return self.put_to_vote and self.notified_at is not None and self.notified_at <= at


def choices_in_words(
    answer: Answer, items: Iterable[Item], *, on_paper_at: datetime | None = None
) -> list[tuple[str, str]]:
    """Title and choice of each item about which a reply says something.

    `on_paper_at`: when it was received, where it was keyed in by staff: of the items notified by then it may have left
    some open. On line nothing is left open.
    """
    asked_at = on_paper_at if answer.attendance is Attendance.ELECTRONIC else None
    return [
        (item_title(item), CHOICE_LABELS[answer.choices[item.id]] if item.id in answer.choices else LEFT_OPEN)
        for item in items
        if item.id in answer.choices or (asked_at is not None and item.put_to_vote_at(asked_at) and not item.conflict)
    ]


@dataclass(frozen=True, slots=True)
class Version:
    """A reply as it was received. `by` names who entered it where that is known; ids are row numbers."""

    id: int
    no: int
    number: str
    receipt_code: str
    salt: str
    digest: str
    channel: ReplyChannel
    answer: Answer
    received_at: datetime
    entered_at: datetime
    entered_by_id: int | None
    by: str | None
    mandate_id: int | None
    document_id: int | None
    reason: str | None

    @property
    def on_paper_at(self) -> datetime | None:
        """When it was received, where staff keyed it in."""
        return None if self.channel is ReplyChannel.ELECTRONIC else self.received_at


MEETING: tuple[Any, ...] = (
    Assembly.id,
    Assembly.kind,
    Assembly.fiscal_year,
    Assembly.no,
    Assembly.state,
    Assembly.held_at,
    Assembly.place,
    Assembly.record_on,
    Assembly.reception_from,
    Assembly.reply_until,
    Assembly.settings,
    Assembly.closing_reason,
    Assembly.rehearsal_of_id,
    Assembly.version,
)


def meeting_of(row: Any) -> Meeting:
    """The assembly of a row with the columns of `MEETING`."""
    return Meeting(**{column.key: getattr(row, column.key) for column in MEETING if column.key != "settings"},
                   settings=read_settings(row.settings))  # fmt: skip


def meeting(session: Session, assembly_id: int, *, locked: bool = False, exclusive: bool = False) -> Meeting | None:
    """The assembly; None where there is none.

    `locked` keeps it from being closed until the transaction ends, without keeping other replies waiting: a shared lock
    on PostgreSQL (SQLite has one writer). `exclusive`, for whoever holds that one already, lets one after the other pass:
    it gets along with the shared locks of those that still wait for it, so nobody waits for them in turn.
    """
    query = _MEETING_ALONE if exclusive else _MEETING_SHARED if locked else _MEETING
    row = current_rows_of(session, query, {"assembly": assembly_id}).one_or_none()
    return meeting_of(row) if row is not None else None


# Built once, as all statements below that taking a reply sends: in the last minutes building them is half of the work.
_MEETING = select(*MEETING).where(Assembly.id == bindparam("assembly"))
_MEETING_SHARED = _MEETING.with_for_update(read=True, key_share=True, of=Assembly)
_MEETING_ALONE = _MEETING.with_for_update(key_share=True, of=Assembly)


def on_roll(session: Session, assembly_id: int, member_id: int, *, today: date) -> OnRoll | None:
    """The member on the frozen roll; None where it is not on it, or nothing is frozen yet."""
    given = {"assembly": assembly_id, "member": member_id, "today": today}
    row = current_rows_of(session, _ON_ROLL, given).one_or_none()
    return OnRoll(row.snapshot_id, row.name, row.votes, row.sanctioned, bool(row.left)) if row is not None else None


_ON_ROLL = fixed(
    lambda: (
        select(
            SnapshotMember.snapshot_id,
            SnapshotMember.name,
            SnapshotMember.votes,
            SnapshotMember.sanctioned,
            has_left(SnapshotMember.member_id, record_on=Snapshot.record_on, day=bindparam("today")).label("left"),
        )
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(
            Snapshot.assembly_id == bindparam("assembly"),
            Snapshot.state == written(SnapshotState.FROZEN),
            SnapshotMember.member_id == bindparam("member"),
        )
    )
)


def agenda(session: Session, assembly_id: int, *, member_id: int) -> list[Item]:
    """All items in the order of the agenda, with the conflicts of this member."""
    rows = current_rows_of(session, _AGENDA, {"assembly": assembly_id, "member": member_id})
    return [Item(*tuple(row)) for row in rows]


_AGENDA = fixed(
    lambda: (
        select(
            AgendaItem.id,
            AgendaItem.no,
            AgendaItem.title,
            AgendaItem.kind,
            AgendaItem.summary,
            AgendaItem.majority,
            AgendaItem.consent,
            AgendaConflict.member_id.is_not(None).label("conflict"),
            AgendaItem.withdrawn_reason,
            AgendaItem.notified_at,
        )
        .join(
            AgendaConflict,
            and_(AgendaConflict.item_id == AgendaItem.id, AgendaConflict.member_id == bindparam("member")),
            isouter=True,
        )
        .where(AgendaItem.assembly_id == bindparam("assembly"))
        .order_by(AgendaItem.no)
    )
)


def asked(items: Sequence[Item]) -> Asked:
    """What a member chooses on, out of its agenda."""
    put = [item for item in items if item.put_to_vote]
    return Asked(items=[item.id for item in put], conflicts=frozenset(item.id for item in put if item.conflict))


def standing_version(session: Session, assembly_id: int, member_id: int) -> int:
    """The version of the standing reply, which a form carries as `seen_version`; 0 where there is none."""
    return (
        session.scalar(
            select(StandingReply.version).where(
                StandingReply.assembly_id == assembly_id, StandingReply.member_id == member_id
            )
        )
        or 0
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """The reply that counts, with the `version` that the next one has to have seen."""

    version: int
    reply: Version


def standing(session: Session, assembly_id: int, member_id: int) -> Standing | None:
    """The member's standing reply; None where it has not replied. One that was withdrawn stands as WITHDRAWN."""
    row = session.execute(
        select(StandingReply.reply_id, StandingReply.version).where(
            StandingReply.assembly_id == assembly_id, StandingReply.member_id == member_id
        )
    ).one_or_none()
    if row is None:
        return None
    return Standing(row.version, _versions(session, Reply.id == row.reply_id)[0])


def versions(session: Session, assembly_id: int, member_id: int) -> list[Version]:
    """Every reply of the member, the newest entered first."""
    return _versions(session, and_(Reply.assembly_id == assembly_id, Reply.member_id == member_id))


def _versions(session: Session, which: Any) -> list[Version]:
    rows = session.execute(
        select(Reply, User.name)
        .join(User, User.id == Reply.entered_by_id, isouter=True)
        .where(which)
        .order_by(Reply.no.desc())
    ).all()
    ids = [row.Reply.id for row in rows]
    people: dict[int, list[Person]] = {}
    choices: dict[int, dict[int, Choice]] = {}
    for one in session.scalars(select(Attendee).where(Attendee.reply_id.in_(ids)).order_by(Attendee.no)):
        person = Person(one.title, one.name, one.email, one.phone, one.voting)
        people.setdefault(one.reply_id, []).append(person)
    for ballot in session.scalars(select(Ballot).where(Ballot.reply_id.in_(ids)).order_by(Ballot.item_id)):
        choices.setdefault(ballot.reply_id, {})[ballot.item_id] = ballot.choice
    return [_version(row.Reply, row.name, people.get(row.Reply.id, []), choices.get(row.Reply.id, {})) for row in rows]


def _version(reply: Reply, by: str | None, people: list[Person], choices: dict[int, Choice]) -> Version:
    answer = Answer(
        Attendance(reply.attendance),
        attendees=tuple(people),
        choices=choices,
        proxy_kind=reply.proxy_kind,
        proxy_member_id=reply.proxy_member_id,
        proxy_name=reply.proxy_name,
        opinion=reply.opinion,
    )
    return Version(
        id=reply.id,
        no=reply.no,
        number=reply.number,
        receipt_code=reply.receipt_code,
        salt=reply.salt,
        digest=reply.digest,
        channel=reply.channel,
        answer=answer,
        received_at=reply.received_at,
        entered_at=reply.entered_at,
        entered_by_id=reply.entered_by_id,
        by=by,
        mandate_id=reply.mandate_id,
        document_id=reply.document_id,
        reason=reply.reason,
    )


def _addresses() -> Any:
    """Whoever replied, 総会担当 and 会員担当 on record, and every 管理者, of a member with a contract of use."""
    member: Any = bindparam("member")
    nothing = null()
    served = exists().where(ContractOfUse.member_id == member, ContractOfUse.ended_at.is_(None))
    contacts = [f"{contact}_email" for contact in (ASSEMBLY_CONTACT, MEMBER_CONTACT)]
    return union_all(
        select(
            literal("replied").label("what"),
            User.email.label("address"),
            type_coerce(nothing, ProfileFact.value.type).label("value"),  # a document: on PostgreSQL no text
            nothing.label("since"),
        ).where(User.id == bindparam("user")),
        select(ProfileFact.item, nothing, ProfileFact.value, ProfileFact.effective_on).where(
            ProfileFact.member_id == member,
            one_of(ProfileFact.item, contacts),
            ProfileFact.voided_id.is_(None),
            ProfileFact.effective_on <= bindparam("today"),
            served,
        ),
        select(literal("administrator"), User.email, nothing, nothing)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(
            Affiliation.member_id == member,
            *REACHED_ADMINISTRATOR,
            served,
        ),
    )


_ADDRESSES = fixed(_addresses)


def copy_addresses(session: Session, member_id: int, *, user_id: int | None, today: date) -> list[str]:
    """Whom the copy of a reply goes to, each once: whoever replied, 総会担当 else 会員担当, every 管理者.

    The same as `assembly_recipients.recipients` of one member without its contractors, in one statement instead of four:
    it is asked for every reply of the last minutes.
    """
    rows = current_rows_of(session, _ADDRESSES, {"member": member_id, "user": user_id, "today": today}).all()
    contacts: dict[str, str] = {}
    for row in sorted((one for one in rows if one.since is not None), key=lambda one: str(one.since)):
        contacts[row.what] = row.value or ""
    contact = contacts.get(f"{ASSEMBLY_CONTACT}_email") or contacts.get(f"{MEMBER_CONTACT}_email")
    found: dict[str, str] = {}
    for address in (
        *(row.address for row in rows if row.what == "replied"),
        *filter(None, [contact]),
        *(row.address for row in rows if row.what == "administrator"),
    ):
        found.setdefault(address.lower(), address)
    return list(found.values())
