"""Who is told of a request: the administrators, and whoever submitted it as long as that person is still there."""

import pytest
from sqlalchemy import select

from occto.domain.codes import UserState
from occto.domain.permissions import Role
from occto.models import Affiliation, OutboxMail, User
from occto.unit_of_work import unit_of_work
from tests.changing import give_back, renamed, submitted
from tests.factories import NOW, Factory
from tests.registering import read


def _told(template: str) -> set[str]:
    return {row[0] for row in read(select(OutboxMail.to_address).where(OutboxMail.template == template))}


@pytest.mark.parametrize("gone", [None, "affiliation", "user"])
def test_who_submitted_is_told_while_still_there(make: Factory, gone: str | None) -> None:
    """A person who has left the company no longer reads what becomes of its request."""
    member, filer, head = make.member(), make.user(), make.user()
    make.affiliate(filer, member, Role.APPLICATIONS)
    make.affiliate(head, member)
    request = submitted(make, renamed(), member=member, person=filer)
    assert _told("changes/submitted") == {filer.email, head.email}
    with unit_of_work() as session:
        if gone == "affiliation":
            held = session.scalars(select(Affiliation).where(Affiliation.user_id == filer.id)).one()
            held.ended_at = NOW
        elif gone == "user":
            user = session.get(User, filer.id)
            assert user is not None
            user.state = UserState.STOPPED
    give_back(request)
    assert _told("changes/returned") == {head.email} | ({filer.email} if gone is None else set())
