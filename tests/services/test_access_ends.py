"""Access that ends: by signing out, by a stop, with the last licence, with the contract."""

from datetime import date, timedelta

from sqlalchemy import select

from occto import clock
from occto.domain.codes import ChangeSource, EndReason, UserState
from occto.domain.dates import today_jst
from occto.models import ContractOfUse, LicenceFact, LicenceHeld, Member, User
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory


def _signed_in(make: Factory, *, licences: tuple[str, ...] = ("GEN",)) -> tuple[User, Member, Browser]:
    user, member = make.user(), make.member(licences=licences)
    make.affiliate(user, member)
    return user, member, make.signed_in(user, member=member)


def _home(browser: Browser) -> int:
    return browser.get("/home", follow=False).status_code


def test_a_copied_cookie_dies_at_sign_out(make: Factory) -> None:
    _user, _member, browser = _signed_in(make)
    copy = Browser(make.app)
    with browser.client.session_transaction() as cookie:
        token = cookie["sid"]
    with copy.client.session_transaction() as cookie:
        cookie["sid"] = token
    assert (_home(browser), _home(copy)) == (200, 200)
    browser.get("/home")
    browser.post("/logout", {"csrf_token": _token(browser)})
    assert (_home(browser), _home(copy)) == (303, 303)


def _token(browser: Browser) -> str:
    return browser.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def test_a_stopped_user_is_out_at_the_next_request(make: Factory) -> None:
    user, _member, browser = _signed_in(make)
    assert _home(browser) == 200
    with unit_of_work() as session:
        held = session.get(User, user.id)
        assert held is not None
        held.state = UserState.STOPPED
    assert _home(browser) == 303


def _end(member: Member, category: str, day: date) -> None:
    """METI ends a licence: the fact is voided and entered again with its end."""
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        old = session.scalars(
            select(LicenceFact)
            .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
            .where(LicenceHeld.member_id == member.id, LicenceHeld.category == category)
        ).one()
        old.voided_id = change.id
        session.flush()
        session.add(
            LicenceFact(
                licence_id=old.licence_id,
                act=old.act,
                effective_on=old.effective_on,
                ended_on=day,
                end_reason=EndReason.CLOSURE_NOTIFICATION,
                entered_id=change.id,
            )
        )


def test_losing_the_last_licence_closes_the_pages_the_same_day(make: Factory) -> None:
    _user, member, browser = _signed_in(make, licences=("GEN", "RETAIL"))
    today = today_jst(clock.now())
    _end(member, "GEN", today)
    assert _home(browser) == 200
    _end(member, "RETAIL", today + timedelta(days=1))
    assert _home(browser) == 200


def test_losing_the_last_licence_today_ends_access_today(make: Factory) -> None:
    _user, member, browser = _signed_in(make)
    _end(member, "GEN", today_jst(clock.now()))
    assert _home(browser) != 200


def test_the_end_of_the_contract_closes_the_pages(make: Factory) -> None:
    _user, member, browser = _signed_in(make)
    with unit_of_work() as session:
        contract = session.scalars(select(ContractOfUse).where(ContractOfUse.member_id == member.id)).one()
        contract.ended_at, contract.end_clause = NOW, "2.7.1"
    assert _home(browser) != 200
