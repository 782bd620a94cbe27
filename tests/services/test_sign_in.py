from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import vault
from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.codes import ConsentKind, LinkPurpose, SignInOutcome, UserState
from occto.domain.permissions import Permission, Role
from occto.domain.throttle import ADDRESS_LIMIT, KNOWN_FOR, PAIR_LIMIT, STRANGER_LIMIT, WINDOW, may_try
from occto.extensions import db
from occto.models import (
    AuditEvent,
    Consent,
    OutboxMail,
    RecoveryCode,
    SessionRow,
    SignInAttempt,
    User,
)
from occto.queries import people
from occto.queries.viewer import ANONYMOUS, MEMBER_IDLE, STAFF_IDLE, load_viewer
from occto.services import sign_in
from occto.unit_of_work import run, unit_of_work
from tests.answers import mint_link
from tests.clients import Browser
from tests.factories import NOW, PASSWORD, TOTP_SECRET, Factory
from tests.observing import everything, refused

ANYBODY = Actor(request_id="test", address="192.0.2.1")
OWN, STRANGER = "address-of-the-owner", "address-of-a-stranger"


def _pass(user: User, *, cookie: str = "t", now: Any = NOW, address: str = OWN, **changes: Any) -> sign_in.SignedIn:
    given: dict[str, Any] = {"verified_hash": user.password_hash, "new_hash": None}
    return run(
        sign_in.pass_password,
        user.id,
        **(given | changes),
        token_hash=token_hash(cookie),
        account_key=f"account-{user.id}",
        address_key=address,
        agent="test",
        actor=ANYBODY,
        now=now,
    )


def _keys(account: str = "account", address: str = OWN) -> dict[str, str]:
    return {"account_key": account, "address_key": address}


def _wrong(user: User, *, address: str, now: Any = NOW) -> None:
    run(
        sign_in.fail_password,
        account_key=f"account-{user.id}",
        address_key=address,
        user_id=user.id,
        throttled=False,
        actor=ANYBODY,
        now=now,
    )


def _may(user: User, *, address: str, now: Any = NOW) -> bool:
    counted = people.tries(db.session(), account_key=f"account-{user.id}", address_key=address, now=now)
    db.session.rollback()
    return may_try(counted)


def _viewer(token: str, *, now: Any = NOW) -> Any:
    db.session.expunge_all()
    db.session.rollback()
    found = load_viewer(db.session(), token_hash(token), now=now)
    db.session.rollback()
    return found


def test_the_owner_is_slowed_by_own_mistakes_and_let_in_later(make: Factory) -> None:
    user = make.user()
    for _ in range(PAIR_LIMIT - 1):
        _wrong(user, address=OWN)
    assert _may(user, address=OWN)
    _wrong(user, address=OWN)
    assert not _may(user, address=OWN)
    assert _may(user, address=OWN, now=NOW + WINDOW)


def test_an_outsider_locks_nobody_out_of_a_known_address(make: Factory) -> None:
    user, before = make.user(), NOW - timedelta(days=1)
    half = _pass(user, now=before).session_id
    keys = _keys(f"account-{user.id}", OWN)
    run(sign_in.pass_second_factor, half, step=1, keys=keys, actor=ANYBODY, now=before)
    for no in range(STRANGER_LIMIT):
        _wrong(user, address=f"{STRANGER}-{no}")
    assert not _may(user, address="another stranger")
    assert _may(user, address=OWN)
    later = NOW + KNOWN_FOR
    for no in range(STRANGER_LIMIT):
        _wrong(user, address=f"{STRANGER}-{no}", now=later)
    assert not _may(user, address=OWN, now=later)


def test_one_address_cannot_try_many_accounts(make: Factory) -> None:
    users = [make.user() for _ in range(ADDRESS_LIMIT // (PAIR_LIMIT - 1) + 1)]
    for no in range(ADDRESS_LIMIT):
        _wrong(users[no % len(users)], address=STRANGER)
    fresh = make.user()
    assert not _may(fresh, address=STRANGER)
    assert _may(fresh, address=OWN)


def test_failures_and_throttling_are_audited(make: Factory) -> None:
    user = make.user()
    _wrong(user, address=OWN)
    run(
        sign_in.fail_password,
        account_key="x",
        address_key="y",
        user_id=None,
        throttled=True,
        actor=ANYBODY,
        now=NOW,
    )
    failed = db.session.scalars(
        select(AuditEvent.subject).where(AuditEvent.tag == "sign_in.failed").order_by(AuditEvent.id)
    ).all()
    assert failed == [f"USER:{user.id}", "USER:unknown"]


def test_a_password_changed_or_a_user_stopped_meanwhile_does_not_pass(make: Factory) -> None:
    user, stopped = make.user(), make.user(state=UserState.STOPPED)
    with refused("bad_password"):
        _pass(user, verified_hash="another hash")
    with refused("bad_password"):
        _pass(stopped)


def test_a_password_alone_is_half_a_sign_in_where_a_second_factor_stands(make: Factory) -> None:
    with_factor, without = make.user(), make.user(totp=False)
    administrator, member = make.user(totp=False), make.member()
    make.affiliate(administrator, member)
    assert _pass(with_factor, cookie="a").second_factor is True
    assert _pass(without, cookie="b").second_factor is None
    assert _pass(administrator, cookie="c").second_factor is False
    assert [_viewer(token).kind for token in "abc"] == ["half", "member", "half"]
    half = _viewer("a").permissions
    assert half == {Permission.PUBLIC, Permission.HALF_SIGNED_IN}


def test_a_code_is_not_taken_twice(make: Factory) -> None:
    user = make.user()
    first, second = _pass(user, cookie="a").session_id, _pass(user, cookie="b").session_id
    run(sign_in.pass_second_factor, first, step=1000, keys=_keys(), actor=ANYBODY, now=NOW)
    for replay in (1000, 999):
        with refused("code_replayed", field="code"):
            run(sign_in.pass_second_factor, second, step=replay, keys=_keys(), actor=ANYBODY, now=NOW)
    run(sign_in.pass_second_factor, second, step=1001, keys=_keys(), actor=ANYBODY, now=NOW)
    with refused("session_over"):
        run(sign_in.pass_second_factor, second, step=1002, keys=_keys(), actor=ANYBODY, now=NOW)


def _set_up(user: User, session_id: int, codes: list[str]) -> None:
    run(
        sign_in.set_up_second_factor,
        session_id,
        secret_enc=vault.encrypt(TOTP_SECRET),
        step=5,
        recovery_hashes=[vault.recovery_hash(code) for code in codes],
        keys=_keys(),
        actor=ANYBODY,
        now=NOW,
    )


def test_the_password_alone_makes_no_address_known(make: Factory) -> None:
    user = make.user()
    half = _pass(user, address=STRANGER).session_id
    keys = _keys(f"account-{user.id}", STRANGER)
    assert not people.tries(db.session(), **keys, now=NOW).known_address
    run(sign_in.pass_second_factor, half, step=1, keys=keys, actor=ANYBODY, now=NOW)
    assert people.tries(db.session(), **keys, now=NOW).known_address


def test_a_recovery_code_works_once(make: Factory) -> None:
    user, member = make.user(totp=False), make.member()
    make.affiliate(user, member)
    codes = [vault.make_recovery_code() for _ in range(3)]
    _set_up(user, _pass(user, cookie="a").session_id, codes)
    second, third = _pass(user, cookie="b").session_id, _pass(user, cookie="c").session_id
    typed = vault.recovery_hash(codes[0].lower().replace("-", " "))
    assert run(sign_in.use_recovery_code, second, code_hash=typed, keys=_keys(), actor=ANYBODY, now=NOW)
    assert _viewer("b").kind == "member"
    before = everything()
    assert not run(sign_in.use_recovery_code, third, code_hash=typed, keys=_keys(), actor=ANYBODY, now=NOW)
    assert everything() == before
    assert _viewer("c").kind == "half"
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.used_at.is_(None))
    assert db.session.scalar(left) == 2
    told = db.session.scalars(select(OutboxMail.params).where(OutboxMail.template == "account/recovery_code_used"))
    assert [params["left"] for params in told] == [2]


def test_recovery_codes_of_others_do_not_pass(make: Factory) -> None:
    owner, thief = make.user(), make.user()
    with unit_of_work() as session:
        session.add(RecoveryCode(user_id=owner.id, code_hash=vault.recovery_hash("AAAAA-BBBBB")))
    half = _pass(thief, cookie="t").session_id
    code_hash = vault.recovery_hash("AAAAA-BBBBB")
    assert not run(sign_in.use_recovery_code, half, code_hash=code_hash, keys=_keys(), actor=ANYBODY, now=NOW)


def test_a_second_factor_is_not_set_up_over_another(make: Factory) -> None:
    user = make.user()
    half = _pass(user).session_id
    with refused("factor_exists"):
        _set_up(user, half, ["X"])


def _consents() -> list[tuple[int | None, ConsentKind]]:
    return [(row.user_id, row.kind) for row in db.session.scalars(select(Consent).order_by(Consent.id))]


def test_the_first_sign_in_is_consent_once(make: Factory) -> None:
    user = make.user(totp=False)
    for no in range(3):
        _pass(user, cookie=f"t{no}")
    assert _consents() == [(user.id, ConsentKind.DEEMED)]
    agreed = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "terms.agreed")).one()
    assert agreed.clause == "2.1.2"


def test_half_a_sign_in_and_staff_consent_to_nothing(make: Factory) -> None:
    user, staff = make.user(), make.staff(Role.OPERATOR)
    half = _pass(user, cookie="a").session_id
    assert _consents() == []
    run(sign_in.pass_second_factor, _pass(staff, cookie="b").session_id, step=1, keys=_keys(), actor=ANYBODY, now=NOW)
    assert _consents() == []
    run(sign_in.pass_second_factor, half, step=1, keys=_keys(), actor=ANYBODY, now=NOW)
    assert _consents() == [(user.id, ConsentKind.DEEMED)]


def test_setting_the_password_ends_every_session(make: Factory) -> None:
    user, other = make.user(totp=False), make.user(totp=False)
    for no in range(3):
        _pass(user, cookie=f"t{no}")
    _pass(other, cookie="other")
    link = mint_link(user.email, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=user.id)
    run(sign_in.set_password, token_hash(link), password_hash="new", actor=ANYBODY, now=NOW)
    assert {_viewer(f"t{no}").kind for no in range(3)} == {"anonymous"}
    assert _viewer("other").kind == "member"
    changed = db.session.get(User, user.id)
    assert changed is not None
    assert (changed.password_hash, changed.state) == ("new", UserState.ACTIVE)
    with refused("link_used"):
        run(sign_in.set_password, token_hash(link), password_hash="newer", actor=ANYBODY, now=NOW)


@pytest.mark.parametrize("state", [UserState.STOPPED, UserState.CLOSED])
def test_a_stopped_user_sets_no_password(make: Factory, state: UserState) -> None:
    user = make.user(state=state)
    link = mint_link(user.email, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=user.id)
    with refused("user_stopped"):
        run(sign_in.set_password, token_hash(link), password_hash="new", actor=ANYBODY, now=NOW)


def test_a_forgotten_password_mails_those_who_may_and_counts_all(make: Factory) -> None:
    known, stopped = make.user(email="Known@example.jp"), make.user(state=UserState.STOPPED)
    for email in ("known@example.jp", stopped.email, "nobody@example.jp"):
        run(
            sign_in.request_password_link,
            email_key=email,
            account_key=email,
            address_key="n",
            actor=ANYBODY,
            now=NOW,
        )
    assert db.session.scalars(select(OutboxMail.user_id)).all() == [known.id]
    assert people.link_requests(db.session(), account_key="known@example.jp", address_key="n", now=NOW) == (1, 3)


def test_a_company_without_a_role_is_not_found(make: Factory) -> None:
    user, own, foreign = make.user(totp=False), make.member(), make.member()
    make.affiliate(user, own, Role.VIEWER)
    session_id = _pass(user).session_id
    with refused("not_found"):
        run(sign_in.choose_company, session_id, member_id=foreign.id, actor=ANYBODY, now=NOW)
    make.affiliate(user, foreign, Role.VIEWER)
    run(sign_in.choose_company, session_id, member_id=foreign.id, actor=ANYBODY, now=NOW)
    assert _viewer("t").member_id == foreign.id


def test_the_only_company_is_chosen_at_sign_in(make: Factory) -> None:
    one, several = make.user(totp=False), make.user(totp=False)
    first, second = make.member(), make.member()
    make.affiliate(one, first, Role.VIEWER)
    make.affiliate(several, first, Role.VIEWER)
    make.affiliate(several, second, Role.VIEWER)
    _pass(one, cookie="one")
    _pass(several, cookie="several")
    assert (_viewer("one").member_id, _viewer("several").member_id) == (first.id, None)
    assert _viewer("several").companies_count == 2


@pytest.mark.parametrize(("role", "idle"), [(Role.OPERATOR, STAFF_IDLE), (None, MEMBER_IDLE)])
def test_sessions_idle_out(make: Factory, role: Role | None, idle: timedelta) -> None:
    user = make.staff(role) if role else make.user()
    half = _pass(user).session_id
    run(sign_in.pass_second_factor, half, step=1, keys=_keys(), actor=ANYBODY, now=NOW)
    second = timedelta(seconds=1)
    assert _viewer("t", now=NOW + idle - second).is_authenticated
    assert _viewer("t", now=NOW + idle) is ANONYMOUS
    run(sign_in.touch_session, half, now=NOW + idle - second)
    assert _viewer("t", now=NOW + idle).is_authenticated


def test_sessions_end_after_their_life_however_busy(make: Factory) -> None:
    user = make.user(totp=False)
    session_id = _pass(user).session_id
    end = NOW + sign_in.SESSION_LIFE
    run(sign_in.touch_session, session_id, now=end - timedelta(minutes=1))
    assert _viewer("t", now=end - timedelta(seconds=1)).is_authenticated
    assert _viewer("t", now=end) is ANONYMOUS


def test_signing_out_twice_is_audited_once(make: Factory) -> None:
    user = make.user(totp=False)
    session_id = _pass(user).session_id
    for _ in range(2):
        run(sign_in.end_session, session_id, actor=ANYBODY, now=NOW)
    ended = select(func.count()).select_from(AuditEvent).where(AuditEvent.tag == "session.ended")
    assert db.session.scalar(ended) == 1
    assert db.session.get(SessionRow, session_id).ended_at == NOW  # type: ignore[union-attr]


def test_known_and_unknown_users_are_told_the_same(make: Factory) -> None:
    user = make.user()
    pages = []
    for email, password in ((user.email, "wrong-password-of-some-length"), ("nobody@example.jp", PASSWORD)):
        browser = Browser(make.app)
        browser.get("/login")
        browser.submit({"email": email, "password": password}, action="/login")
        assert browser.response is not None
        pages.append((browser.response.status_code, "パスワードが合いません" in browser.text))
    assert pages == [(200, True), (200, True)]
    outcomes = db.session.scalars(select(SignInAttempt.outcome)).all()
    assert outcomes == [SignInOutcome.BAD_PASSWORD] * 2


def test_a_link_to_an_address_given_up_sets_no_password(make: Factory) -> None:
    user = make.user()
    link = mint_link(user.email, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=user.id)
    with unit_of_work() as session:
        moved = session.get(User, user.id)
        assert moved is not None
        moved.email = moved.email_key = "moved@company.example.jp"
    with refused("link_revoked"):
        run(sign_in.set_password, token_hash(link), password_hash="new", actor=ANYBODY, now=NOW)
