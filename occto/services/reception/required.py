"""受付責任者: what acts of the supervisor ask for before anything is written."""

from sqlalchemy.orm import Session

from occto.domain.errors import Refusal
from occto.domain.reception import REASON_LIMIT
from occto.queries import reception as reads
from occto.queries.snapshots import votes_of


def given_reason(reason: str | None) -> str:
    """The reason as it is kept. Refusals: reason_missing, reason_too_long."""
    words = (reason or "").strip()
    if not words:
        raise Refusal("reason_missing", "理由を入力してください。受付の記録に残ります。", field="reason")
    if len(words) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT}文字以内で入力してください。", field="reason")
    return words


def require_votes(session: Session, assembly_id: int, member_id: int | None) -> None:
    """Refusal no_votes where the member holds no votes in this assembly."""
    votes = votes_of(session, assembly_id, member_id) if member_id is not None else None
    if votes is None or not votes.total:
        raise Refusal(
            "no_votes",
            "この会員は、この総会で行使できる議決権を持っていません。傍聴の方として受け付けてください。",
        )


def require_no_voter(session: Session, assembly_id: int, member_id: int | None) -> None:
    """Refusal voter_present where somebody votes for the member at the hall already."""
    voter = reads.voter_present(session, assembly_id, member_id) if member_id is not None else None
    if voter is not None:
        raise Refusal(
            "voter_present",
            f"この会員の議決権は、{voter.name} 様が行使することになっています。先に退出か変更を記録してください。",
        )
