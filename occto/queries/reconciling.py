"""The register as a list, for 照合."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import Licence, MemberState
from occto.domain.reconciling import Listed
from occto.models import Body, Member


def register_list(session: Session) -> list[Listed]:
    """Every member, those that have left too, as the register says now."""
    rows = session.execute(
        select(
            Member.operator_code,
            Body.corporate_number,
            Member.current_name,
            Member.current_licences,
            Member.current_state,
        )
        .join(Body, Body.id == Member.body_id)
        .order_by(Member.operator_code)
    )
    return [
        Listed(
            row.operator_code,
            row.corporate_number,
            row.current_name,
            frozenset(Licence(code) for code in row.current_licences.split(",") if code),
            left=row.current_state is MemberState.LEFT,
        )
        for row in rows
    ]
