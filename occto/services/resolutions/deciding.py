"""議案を採決する: the decision on one item, with the vote of everybody in it, exactly as it was on the screen."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.errors import Refusal, Stale
from occto.domain.resolutions import VoteChannel, decision_document, quorum_document
from occto.domain.tally import Choice, Decision, Outcome, decide
from occto.models import AgendaItem, DecisionVote, ItemDecision
from occto.queries.hall_board import quorum_now
from occto.queries.item_votes import OneVote, shown_of, summed, votes_of_item
from occto.queries.plain import current_rows_of
from occto.services.assemblies.case import given, note
from occto.services.resolutions.case import hall_at_vote, locked_item

STALE = "画面を開いたあとに、受付や賛否の記録が変わりました。新しい票数を確かめてから、もう一度採決してください。"
_VOTES = insert(DecisionVote.__table__)  # type: ignore[arg-type]


def decide_item(
    session: Session,
    item_id: int,
    *,
    seen: str,
    chair_choice: Choice | None = None,
    amendment: str | None = None,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None = None,
) -> int:
    """Decide an item on the votes of this moment, which must be those that were `seen` (`item_votes.shown_of`).

    Returns the row number of the decision. Deciding again is a correction with its `reason`, by those who were in the hall
    at the first decision; what was decided before stays on record. `chair_choice` is given where an ordinary resolution is
    divided equally, and nowhere else. `at_lock` tells the time again once the assembly is held: the item is decided after
    every arrival that it waited for. Refusals: those of `locked_item`, stale, floor_missing, chair_not_declared,
    tie_undecided, tie_not_there, chair_abstains, reason_missing.
    """
    assembly, item = locked_item(session, item_id, step="decide_item", actor=actor)
    now = at_lock() if at_lock is not None else now
    before = last_decision(session, item.id)
    hall = hall_at_vote(session, assembly, item, now=now)
    votes = votes_of_item(session, hall, item.id)
    if shown_of(session, item, summed(votes)) != seen:
        raise Stale(STALE)
    why = None
    if before is not None:
        why = given(reason, "すでに採決した議案です。結果を訂正する理由を入力してください。")
    outcome = _outcome(item, votes, chair_choice)
    quorum = quorum_document(quorum_now(session, hall))
    values: dict[str, Any] = {
        "item_id": item.id,
        "no": before.no + 1 if before is not None else 1,
        "resolution": item.majority,
        "yes": outcome.yes,
        "against": outcome.no,
        "abstain": outcome.abstain,
        "present": outcome.present,
        "outcome": outcome.result,
        "chair_choice": chair_choice if outcome.by_chair else None,
        "amendment": (amendment or "").strip() or None,
        "reason": why,
        "quorum": quorum,
        "decided_at": now,
    }
    made = _keep(session, values, votes, actor=actor)
    detail = {
        **{name: values[name] for name in ("no", "yes", "against", "abstain", "present", "outcome", "chair_choice")},
        "item_id": item.id,
        "item_no": item.no,
        "amended": made.amendment is not None,
        "reason": why,
        "quorum_met": quorum["met"],
        "sha256": made.sha256,
    }
    note(session, assembly, "resolution.decided", actor=actor, now=now, detail=detail)
    return made.id


def last_decision(session: Session, item_id: int) -> ItemDecision | None:
    """The decision on an item that counts; None where it was not decided."""
    return session.scalar(
        select(ItemDecision).where(ItemDecision.item_id == item_id).order_by(ItemDecision.no.desc()).limit(1)
    )


def _outcome(item: AgendaItem, votes: Sequence[OneVote], chair_choice: Choice | None) -> Decision:
    """The result of the votes, once all that has to be recorded is."""
    undeclared = {vote.channel for vote in votes if vote.choice is None}
    if undeclared - {VoteChannel.CHAIR}:
        raise Refusal(
            "floor_missing",
            "会場で行使する会員の賛否が、まだ記録されていません。「会場の賛否」を記録してから、採決してください。",
        )
    if undeclared:
        raise Refusal(
            "chair_not_declared",
            "議長一任の賛否が、まだ宣言されていません。「議長一任の賛否」を記録してから、採決してください。",
        )
    assert item.majority is not None
    found = decide(
        {vote.member_id: vote.choice for vote in votes if vote.choice is not None},
        {vote.member_id: vote.votes for vote in votes},
        resolution=item.majority,
        chair_choice=chair_choice,
    )
    if found.result is Outcome.TIED:
        raise Refusal(
            "tie_undecided", "可否同数です。議長の決定（可決か否決か）を選んでください。", field="chair_choice"
        )
    if chair_choice is not None and not found.by_chair:
        raise Refusal(
            "tie_not_there",
            "可否同数ではないため、議長の決定は要りません。選択を外してください。",
            field="chair_choice",
        )
    return found


def _keep(session: Session, values: dict[str, Any], votes: Sequence[OneVote], *, actor: Actor) -> ItemDecision:
    """The decision with its hash, and the vote of everybody in one statement."""
    cast = [(vote.member_id, vote.channel, vote.choice, vote.votes) for vote in votes if vote.choice is not None]
    made = ItemDecision(**values, sha256=digest(decision_document(values, cast)), decided_by_id=actor.user_id or 0)
    session.add(made)
    session.flush()
    if cast:
        rows = [
            {"decision_id": made.id, "member_id": member, "channel": channel, "choice": choice}
            for member, channel, choice, _votes in cast
        ]
        current_rows_of(session, _VOTES, rows)
    return made
