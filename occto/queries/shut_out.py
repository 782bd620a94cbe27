"""Members that are asked for a reply and cannot give it on line, because every way in has been stopped (業務: `domain` 2.2)."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, not_
from sqlalchemy.orm import aliased

from occto.domain.codes import Procedure
from occto.domain.permissions import MEMBER_ROLES, TABLE, Permission
from occto.models import Affiliation, ContractOfUse, Mandate, MandatePerson, MandateScope, User
from occto.queries.people import REACHED
from occto.queries.plain import one_of
from occto.queries.viewer import mandate_in_force

_REPLYING = tuple(role for role in MEMBER_ROLES if Permission.ASSEMBLIES_REPLY in TABLE[role])


def shut_out(member_id: Any, *, today: date) -> ColumnElement[bool]:
    """Members that had users and have none left who may reply, nor a contractor that replies for them.

    Whatever the stop: of an ID (利用規約 3.3/3.4.4), of the contract of use (2.7). A member that never had a user gets its
    papers by post and is not meant. `member_id` is the column of the row that the condition is put on.
    """
    entity = member_id.class_
    earlier, here, person = aliased(Affiliation), aliased(Affiliation), aliased(User)
    had = exists().where(earlier.member_id == member_id).correlate(entity)
    contract = exists().where(ContractOfUse.member_id == member_id, ContractOfUse.ended_at.is_(None)).correlate(entity)
    own = (
        exists()
        .where(
            here.member_id == member_id,
            here.ended_at.is_(None),
            here.stopped_at.is_(None),
            one_of(here.role, _REPLYING),
            person.id == here.user_id,
            one_of(person.state, REACHED),
        )
        .correlate(entity)
    )
    named, scope = aliased(MandatePerson), aliased(MandateScope)
    served = (
        exists()
        .where(
            Mandate.member_id == member_id,
            scope.mandate_id == Mandate.id,
            scope.procedure == Procedure.ASSEMBLY_REPLY,
            named.mandate_id == Mandate.id,
            mandate_in_force(Mandate, named.user_id, today),
        )
        .correlate(entity)
    )
    return and_(had, not_(and_(contract, own | served)))
