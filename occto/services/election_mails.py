"""Mails about 届出: to whoever has to consent, to whom it names, to who filed it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ElectionState
from occto.domain.votes import group_title
from occto.models import Assembly, HolderElection, Member
from occto.queries.elections import group_of
from occto.services.notices import tell_member


def tell_filed(session: Session, election: HolderElection, asked: set[int], *, now: datetime) -> int:
    """Ask those that would otherwise hold the votes for their consent; where nobody has to, tell that it is in force."""
    words = _words(session, election) | {"several": len(asked) > 1}
    if election.state is ElectionState.EFFECTIVE:
        return tell(session, election, "assemblies/election_effective", now=now)
    return sum(
        tell_member(session, member_id, "assemblies/election_filed", now=now, **words) for member_id in sorted(asked)
    )


def tell(session: Session, election: HolderElection, template: str, *, now: datetime) -> int:
    """Tell the member that filed it, the one it names, and the one that countersigned it."""
    concerned = {election.filed_by_member_id, election.holder_member_id, election.countersigned_by_id}
    words = _words(session, election) | {"withdrawn": election.state is ElectionState.WITHDRAWN}
    return sum(
        tell_member(session, member_id, template, now=now, **words)
        for member_id in sorted(one for one in concerned if one)
    )


def _words(session: Session, election: HolderElection) -> dict[str, Any]:
    assembly = session.get(Assembly, election.assembly_id) if election.assembly_id is not None else None
    names = dict(
        session.execute(
            select(Member.id, Member.current_name).where(
                Member.id.in_((election.holder_member_id, election.filed_by_member_id))
            )
        ).all()
    )
    return {
        "election_id": election.id,
        "held_at": assembly.held_at if assembly is not None else None,
        "group": group_title(group_of(election)),
        "holder": names[election.holder_member_id],
        "filed_by": names[election.filed_by_member_id],
        "reason": election.reason,
    }
