"""Two clients in one test never share a sign-in (pytest-flask and Flask-Login would let them)."""

from occto.domain.permissions import Role
from tests.clients import Browser
from tests.factories import Factory


def test_the_second_client_stays_outside(make: Factory) -> None:
    staff = make.staff(Role.OPERATOR)
    inside, outside = make.signed_in(staff), Browser(make.app)
    assert inside.get("/arrive", follow=False).status_code == 303
    assert "/login" not in inside.get("/arrive", follow=False).headers["Location"]
    assert "/login" in outside.get("/arrive", follow=False).headers["Location"]


def test_a_member_and_the_public_side_by_side(make: Factory) -> None:
    member = make.member()
    user = make.user()
    make.affiliate(user, member)
    inside, outside = make.signed_in(user, member=member), Browser(make.app)
    for _ in range(2):
        assert "ログアウト" in inside.get("/terms").get_data(as_text=True)
        assert "ログアウト" not in outside.get("/terms").get_data(as_text=True)
