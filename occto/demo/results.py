"""採決, results, minutes and what the minister said in the demo: decided through the verbs on the replies that stood."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.demo.answers import staff
from occto.demo.rows import Scene
from occto.domain.actor import Actor
from occto.domain.agenda import Consent
from occto.domain.assembly import AssemblyState
from occto.domain.dates import today_jst
from occto.domain.hall import day_of
from occto.domain.minutes import MinutesValues
from occto.domain.permissions import Role
from occto.domain.resolutions import ConsentOutcome
from occto.domain.tally import Choice, Outcome
from occto.domain.tally import decide as outcome_of
from occto.models import AgendaItem, Assembly, AssemblyResult, ItemDecision, VoteSheet
from occto.queries.hall_board import hall_of
from occto.queries.item_votes import Cast, shown_of, tally_of_item
from occto.services import consents, minutes, resolutions

_BEGAN, _EACH, _FIXED, _PUBLISHED = (timedelta(minutes=minutes) for minutes in (20, 10, 90, 180))
_CORRECTED, _AFTERWARDS = timedelta(days=1), timedelta(minutes=30)
_WRITTEN = timedelta(days=2)
_GIVEN_AFTER = 14
"""Days from the assembly until the minister spoke."""
_FEW = "デモのための総会で、回答している会員が少ないため、議場の同意を得て確定した。"
_PROCEEDINGS = "議長は「{}」を議場に諮り、事務局が内容を説明した。質疑ののち、採決した。"
_WRONG_CAST = "議長が宣言した議長一任の賛否（賛成）を、記録では棄権としていたため"


def items_of(session: Session, row: Assembly) -> Sequence[AgendaItem]:
    """The agenda in its order."""
    return session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == row.id).order_by(AgendaItem.no)).all()


def put_to_vote(
    session: Session,
    row: Assembly,
    item: AgendaItem,
    *,
    floor: Choice | None = None,
    chair: Choice = Choice.YES,
    against: Sequence[str] = (),
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Record the votes of the hall (`against`: by operator code) and of the chair, and decide the item on what is shown."""
    sheet = session.get(VoteSheet, item.id)
    seen_version = sheet.version if sheet is not None else 0
    resolutions.record_sheet(
        session, item.id, floor_choice=floor, chair_cast=chair, seen_version=seen_version, actor=actor, now=now
    )
    if against:
        resolutions.record_floor_votes(session, item.id, against, choice=Choice.NO, actor=actor, now=now)
    hall = hall_of(session, row, day=day_of(row.held_at, now=now))
    assert hall is not None
    sums = tally_of_item(session, hall, item.id)
    casting = Choice.YES if _is_tied(item, sums) else None
    resolutions.decide_item(
        session,
        item.id,
        seen=shown_of(session, item, sums),
        chair_choice=casting,
        reason=reason,
        actor=actor,
        now=now,
    )


def decide(session: Session, scene: Scene, row: Assembly, *, wrong: bool = False) -> None:
    """Every item is put to vote, 議長一任 cast for it; the result is fixed and published. Nobody is told of an old one.

    `wrong`: what the chair declared for the last item is recorded wrongly.
    """
    clerk = staff(scene.entered_by, Role.OPERATOR)
    row.state = AssemblyState.VOTING
    session.flush()
    items = items_of(session, row)
    for number, item in enumerate(items):
        chair = Choice.ABSTAIN if wrong and item is items[-1] else Choice.YES
        put_to_vote(session, row, item, chair=chair, actor=clerk, now=row.held_at + _BEGAN + number * _EACH)
    _fix(session, scene, row, at=row.held_at + _FIXED, published_at=row.held_at + _PUBLISHED)


def correct(session: Session, scene: Scene, row: Assembly) -> None:
    """訂正 on the next day: the last item is decided anew on what the chair had declared."""
    at = row.held_at + _CORRECTED
    chief = staff(scene.approved_by, Role.APPROVER)
    resolutions.correct_result(session, row.id, reason=_WRONG_CAST, seen_version=row.version, actor=chief, now=at)
    clerk = staff(scene.entered_by, Role.OPERATOR)
    put_to_vote(session, row, items_of(session, row)[-1], reason=_WRONG_CAST, actor=clerk, now=at)
    _fix(session, scene, row, at=at + _AFTERWARDS, published_at=at + 2 * _AFTERWARDS)


def _fix(session: Session, scene: Scene, row: Assembly, *, at: datetime, published_at: datetime) -> None:
    chief = staff(scene.approved_by, Role.APPROVER)
    number = resolutions.fix_result(
        session, row.id, override_reason=_FEW, seen_version=row.version, actor=chief, now=at
    )
    session.get_one(AssemblyResult, number).published_at = published_at
    row.state = AssemblyState.PUBLISHED
    session.flush()


def write_minutes(session: Session, scene: Scene, row: Assembly) -> None:
    """Everything that people write into the minutes: nothing is lacking in them."""
    proceedings = {item.id: _PROCEEDINGS.format(item.title) for item in items_of(session, row)}
    minutes.save_minutes(
        session,
        row.id,
        MinutesValues(
            chair="理事長 広瀬 正一",
            officers="理事長　広瀬 正一\n理事　大野 浩一\n理事　柴田 由美\n監事　西村 洋",
            place="当機関 大会議室",
            opened_at=time(14),
            closed_at=time(15, 20),
            opening="定刻に、理事長 広瀬 正一が議長となり、開会を宣した。事務局が、出席した会員の数と定足数について報告した。",
            proceedings=proceedings,
            closing="以上をもって本日の議事をすべて終え、議長は閉会を宣した。",
            opinions="会員から、事業計画の進め方を四半期ごとに知らせてほしいとの発言があり、事務局が、ウェブサイトに載せる旨を答えた。",
            signers="議長　広瀬 正一\n理事　柴田 由美",
        ),
        seen_version=0,
        actor=staff(scene.entered_by, Role.OPERATOR),
        now=row.held_at + _WRITTEN,
    )


def add_consents(session: Session, scene: Scene, row: Assembly, *, most: int | None = None) -> None:
    """認可 or 承認 of the carried items, in their order; `most`: of so many, the others wait for it still."""
    waiting = [item for item in items_of(session, row) if item.consent is not Consent.NONE and _carried(session, item)]
    on = today_jst(row.held_at) + timedelta(days=_GIVEN_AFTER)
    for item in waiting[:most]:
        consents.record_consent(
            session,
            item.id,
            outcome=ConsentOutcome.GRANTED,
            decided_on=on,
            document_number=f"20{on:%y%m%d}資第{item.no}号",
            note_words=None,
            seen_no=0,
            actor=staff(scene.entered_by, Role.OPERATOR),
            now=row.held_at + timedelta(days=_GIVEN_AFTER + 1),
        )


def _carried(session: Session, item: AgendaItem) -> bool:
    newest = select(ItemDecision.outcome).where(ItemDecision.item_id == item.id).order_by(ItemDecision.no.desc())
    return session.scalar(newest.limit(1)) is Outcome.CARRIED


def _is_tied(item: AgendaItem, sums: list[Cast]) -> bool:
    assert item.majority is not None
    known = {place: one.choice for place, one in enumerate(sums) if one.choice is not None}
    votes = {place: one.votes for place, one in enumerate(sums)}
    return outcome_of(known, votes, resolution=item.majority).result is Outcome.TIED
