"""What members have said about the assemblies of the demo: replies over every channel, a 届出, an objection.

All through the verbs, so that trail, copies and receipts are real.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.demo.documents import document
from occto.demo.rows import Scene, member_id
from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.dates import JST, start_of_day
from occto.domain.elections import consent_missing
from occto.domain.permissions import Role, permissions_of
from occto.domain.replies import Answer, Attendance, Person, ProxyKind, ReplyChannel
from occto.domain.tally import Choice
from occto.models import Affiliation, AgendaItem, Assembly, Convocation, SnapshotMember, User
from occto.queries.elections import family_of
from occto.services import election_settling, elections, objections
from occto.services.elections import Scan
from occto.services.files import store_file
from occto.services.replies.taking import take_reply

SHARE = 0.4
"""So many of the members have answered, unless told otherwise."""
MOST = 300
"""No more replies than these, so that many members are loaded fast."""
_COPIED = 12
"""So many replies had a copy mailed; of the others the demo keeps none, to be loaded fast."""
_FAMILY, _OTHER_FAMILY, _OBJECTING = 0, 20, 4
_OPENS, _OPEN_SHARE = timedelta(hours=9), 9 / 24
"""People answer between nine and six."""
A = Attendance
_OF_HOLDERS = ((A.ATTEND, 0.3), (A.ELECTRONIC, 0.75), (A.CHAIR, 0.87), (A.PROXY, 0.94), (A.ABSENT, 1.0))
_OF_OTHERS = ((A.ATTEND, 0.35), (A.ABSENT, 1.0))
"""Attendance with the share of the dice up to which it is chosen."""
_PEOPLE = (
    ("総務部 部長", "磯部 隆"),
    ("経営企画部 課長", "沢田 美咲"),
    ("電力事業部 部長", "中原 修"),
    ("管理部 主任", "小松 綾"),
)


def staff(number: int, role: Role) -> Actor:
    """One of the staff of the demo, by row number."""
    return Actor(user_id=number, request_id="demo", address="192.0.2.2", permissions=permissions_of((role,)))


def administrators(session: Session) -> dict[int, Actor]:
    """Member → its first 管理者 at work."""
    rows = session.execute(
        select(Affiliation.member_id, User.id)
        .join(User, User.id == Affiliation.user_id)
        .where(
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.member_id.is_not(None),
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            User.first_signed_in_at.is_not(None),
        )
        .order_by(User.id.desc())
    )
    rights = permissions_of((Role.ADMINISTRATOR,))
    return {
        member: Actor(user_id=user, member_id=member, request_id="demo", address="192.0.2.7", permissions=rights)
        for member, user in rows
        if member is not None
    }


def add_replies(
    session: Session,
    scene: Scene,
    row: Assembly,
    snapshot_id: int,
    *,
    since: datetime,
    now: datetime,
    kept: frozenset[int] = frozenset(),
    most: int = MOST,
    share: float = SHARE,
    coming: frozenset[int] = frozenset(),
) -> None:
    """Two members in five have answered since they were notified: most on line, some on paper or by telephone.

    `kept`: companies (by index) that have not; `coming`: those that send two persons.
    """
    dice = Random(f"{scene.seed}/replies/{row.held_at:%Y-%m-%d}")  # noqa: S311 - invented data, the same from run to run
    left_alone, expected = ({member_id(index) for index in some} for some in (kept, coming))
    roll = session.execute(
        select(SnapshotMember.member_id, SnapshotMember.votes)
        .join(
            Convocation,
            (Convocation.assembly_id == row.id) & (Convocation.member_id == SnapshotMember.member_id),
        )
        .where(SnapshotMember.snapshot_id == snapshot_id, Convocation.notified_at.is_not(None))
        .order_by(SnapshotMember.member_id)
    ).all()
    answering = sorted(
        (
            (dice.random(), member, votes)
            for member, votes in roll
            if member not in left_alone and (dice.random() < share or member == 1 or member in expected)
        )
    )[:most]
    items = session.scalars(select(AgendaItem.id).where(AgendaItem.assembly_id == row.id).order_by(AgendaItem.no)).all()
    people, office = administrators(session), staff(scene.entered_by, Role.OPERATOR)
    for place, (share, member, votes) in enumerate(answering):
        at = _at_work(since + (now - since) * share, since=since, now=now)
        if member in expected:
            answer = _two_persons(items, holder=votes > 0)
        else:
            answer = _answer(dice, items, holder=votes > 0, other=_other_holder(roll, member))
        channel = _channel(dice, on_line=member in people)
        scan = _scan(session, row.id, at=at) if channel is ReplyChannel.PAPER else None
        take_reply(
            session,
            assembly_id=row.id,
            member_id=member,
            answer=answer,
            channel=channel,
            received_at=at,
            seen_version=0,
            actor=people[member] if channel is ReplyChannel.ELECTRONIC else office,
            now=at,
            document_id=scan,
            reason="電話で回答を承りました。" if channel is ReplyChannel.STAFF else None,
            copies_to=None if place < _COPIED else (),
        )


def _other_holder(roll: Sequence[Any], member: int) -> int:
    """Another member of the roll that holds votes, to be given a mandate."""
    return next(other for other, votes in roll if votes and other != member)


def _channel(dice: Random, *, on_line: bool) -> ReplyChannel:
    chance = dice.random()
    if on_line and chance < 0.85:
        return ReplyChannel.ELECTRONIC
    return ReplyChannel.PAPER if chance < 0.95 else ReplyChannel.STAFF


def _at_work(at: datetime, *, since: datetime, now: datetime) -> datetime:
    """The same day within office hours, where that lies between the notice and now."""
    local = at.astimezone(JST)
    found = start_of_day(local.date()) + _OPENS + timedelta(hours=local.hour, minutes=local.minute) * _OPEN_SHARE
    return found if since < found <= now else at


def _answer(dice: Random, items: Sequence[int], *, holder: bool, other: int) -> Answer:
    chance = dice.random()
    attendance = next(one for one, most in (_OF_HOLDERS if holder else _OF_OTHERS) if chance < most)
    if attendance is A.ATTEND:
        title, name = dice.choice(_PEOPLE)
        choices = _choices(dice, items) if holder and dice.random() < 0.5 else {}
        return Answer(attendance, attendees=(Person(title, name, voting=holder),), choices=choices)
    if attendance is A.ELECTRONIC:
        return Answer(attendance, choices=_choices(dice, items))
    if attendance is A.PROXY:
        if dice.random() < 0.5:
            return Answer(attendance, proxy_kind=ProxyKind.MEMBER, proxy_member_id=other)
        return Answer(attendance, proxy_kind=ProxyKind.PERSON, proxy_name="弁護士 葛西 徹")
    return Answer(attendance)


def _two_persons(items: Sequence[int], *, holder: bool) -> Answer:
    voting, listening = _PEOPLE[0], _PEOPLE[1]
    attendees = (Person(*voting, voting=holder), Person(*listening))
    return Answer(A.ATTEND, attendees=attendees, choices=dict.fromkeys(items, Choice.YES) if holder else {})


def _choices(dice: Random, items: Sequence[int]) -> dict[int, Choice]:
    return {item: dice.choices((Choice.YES, Choice.NO, Choice.ABSTAIN), (82, 11, 7))[0] for item in items}


def _scan(session: Session, assembly_id: int, *, at: datetime) -> int:
    return store_file(
        session,
        kind=AttachmentKind.REPLY_PAPER,
        name="回答書.pdf",
        media_type="application/pdf",
        content=document(("出欠・議決権の回答書", "これはデモのための見本です。")),
        scan_state=ScanState.NOT_CONFIGURED,
        assembly_id=assembly_id,
        now=at,
    ).id


def add_questions(session: Session, scene: Scene, row: Assembly, *, now: datetime) -> None:
    """Before the freeze: a 届出 that waits for consent, one from paper that waits for a second person, an objection."""
    people = administrators(session)
    filer = _filer(session, scene, row, _FAMILY, people)
    if filer is not None:
        elections.file_election(
            session, assembly_id=row.id, group=None, holder_id=filer, actor=people[filer], now=now - timedelta(days=3)
        )
    on_paper = _filer(session, scene, row, _OTHER_FAMILY, people)
    if on_paper is not None:
        election_settling.enter_and_propose(
            session,
            assembly_id=row.id,
            group=None,
            filed_by_id=on_paper,
            holder_id=on_paper,
            received_at=now - timedelta(days=2),
            scan=Scan(
                "届出書.pdf",
                "application/pdf",
                document(("議決権を行使する会社の届出", "これはデモのための見本です。")),
            ),
            actor=staff(scene.entered_by, Role.OPERATOR),
            now=now - timedelta(days=1),
        )
    objecting = people.get(member_id(_OBJECTING))
    if objecting is not None:
        objections.object_to_votes(
            session,
            row.id,
            body="子会社の株式の一部を、基準日より前の10月30日に譲渡しました。同じ企業グループとして扱われていないか、ご確認をお願いします。",
            actor=objecting,
            now=now - timedelta(hours=20),
        )


def _filer(session: Session, scene: Scene, row: Assembly, root: int, people: dict[int, Actor]) -> int | None:
    """A company of the family under `root` that can name itself, for which another one has to consent."""
    found = family_of(session, member_id(root), row, today=scene.today)
    if found is None:
        return None
    for node in sorted(found.family.candidates(None)):
        if found.member_ids[node] in people and consent_missing(
            found.family, group=None, holder=node, signed=frozenset({node})
        ):
            return found.member_ids[node]
    return None
