"""Sign-in: attempts, sessions, the second factor and the password. Hashing is done by the caller, outside the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import ConsentKind, LinkPurpose, SignInOutcome, UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import SECOND_FACTOR_ROLES
from occto.models import Affiliation, Consent, RecoveryCode, SessionRow, SignInAttempt, StaffRole, User
from occto.queries.people import places_of, user_by_email
from occto.queries.terms import terms_in_force
from occto.services import audit, contracts, links, outbox

SESSION_LIFE = timedelta(hours=12)
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session was opened; `second_factor`: None not needed, False still to be set up, True to be asked for."""

    session_id: int
    second_factor: bool | None


def note_attempt(
    session: Session, *, account_key: str, address_key: str, outcome: SignInOutcome, now: datetime
) -> None:
    """Count an attempt: the row outlives the refusal that it leads to."""
    session.add(SignInAttempt(account_key=account_key, address_key=address_key, at=now, outcome=outcome))
    session.flush()


def fail_password(
    session: Session,
    *,
    account_key: str,
    address_key: str,
    user_id: int | None,
    throttled: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Record a sign-in that did not pass; what the page says is the same for every cause."""
    outcome = SignInOutcome.THROTTLED if throttled else SignInOutcome.BAD_PASSWORD
    note_attempt(session, account_key=account_key, address_key=address_key, outcome=outcome, now=now)
    subject = f"USER:{user_id}" if user_id else "USER:unknown"
    audit.record(session, "sign_in.failed", subject=subject, actor=actor, now=now, detail={"outcome": outcome})


def pass_password(
    session: Session,
    user_id: int,
    *,
    verified_hash: str,
    new_hash: str | None,
    token_hash: str,
    account_key: str,
    address_key: str,
    agent: str,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    """Open a session for a password that was verified against `verified_hash`.

    Raises Refusal `bad_password` where the password was changed or the user stopped in the meantime.
    """
    user = _locked_user(session, user_id)
    if user.state is not UserState.ACTIVE or user.password_hash != verified_hash:
        raise Refusal("bad_password", "メールアドレスまたはパスワードが合いません。もう一度お確かめください。")
    if new_hash is not None:
        user.password_hash = new_hash
    keys = {"account_key": account_key, "address_key": address_key}
    row = _open(session, token_hash=token_hash, user_id=user.id, agent=agent, address=actor.address, now=now)
    if user.totp_secret_enc is not None:
        return SignedIn(row.id, second_factor=True)
    if _must_have_second_factor(session, user.id):
        return SignedIn(row.id, second_factor=False)
    _complete(session, row, user, keys=keys, actor=actor, now=now)
    return SignedIn(row.id, second_factor=None)


def pass_second_factor(
    session: Session, session_id: int, *, step: int, keys: Mapping[str, str], actor: Actor, now: datetime
) -> None:
    """The code of time step `step` was right. Raises Refusal `code_replayed` where that code was already used."""
    row, user = _half_session(session, session_id)
    if user.totp_last_step is not None and step <= user.totp_last_step:
        raise Refusal(
            "code_replayed", "このコードは一度使われています。次のコードが表示されるまでお待ちください。", field="code"
        )
    user.totp_last_step = step
    row.second_factor_at = now
    _complete(session, row, user, keys=keys, actor=actor, now=now)


def use_recovery_code(
    session: Session, session_id: int, *, code_hash: str, keys: Mapping[str, str], actor: Actor, now: datetime
) -> bool:
    """Pass with a recovery code, once; False (and nothing passed) where there is no such unused code."""
    row, user = _half_session(session, session_id)
    code = session.scalar(
        select(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .with_for_update()
    )
    if code is None:
        return False
    code.used_at = now
    session.flush()
    left = session.scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    )
    audit.record(session, "recovery_code.used", subject=f"USER:{user.id}", actor=actor, now=now, detail={"left": left})
    outbox.queue(
        session,
        "account/recovery_code_used",
        to=user.email,
        user_id=user.id,
        params={"name": user.name, "left": left},
        now=now,
    )
    row.second_factor_at = now
    _complete(session, row, user, keys=keys, actor=actor, now=now)
    return True


def fail_second_factor(
    session: Session, session_id: int, *, account_key: str, address_key: str, actor: Actor, now: datetime
) -> None:
    """Count a wrong code; it slows the account down like a wrong password."""
    _row, user = _half_session(session, session_id)
    note_attempt(session, account_key=account_key, address_key=address_key, outcome=SignInOutcome.BAD_CODE, now=now)
    detail = {"outcome": SignInOutcome.BAD_CODE}
    audit.record(session, "sign_in.failed", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)


def set_up_second_factor(
    session: Session,
    session_id: int,
    *,
    secret_enc: str,
    step: int,
    recovery_hashes: Sequence[str],
    keys: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> None:
    """Keep the second factor that was just proved by a code, with fresh recovery codes, and complete the sign-in."""
    row, user = _half_session(session, session_id)
    if user.totp_secret_enc is not None:
        raise Refusal("factor_exists", "2段階認証はすでに設定されています。表示中のコードを入力してください。")
    user.totp_secret_enc, user.totp_last_step = secret_enc, step
    session.add_all(RecoveryCode(user_id=user.id, code_hash=code_hash) for code_hash in recovery_hashes)
    subject = f"USER:{user.id}"
    audit.record(session, "second_factor.set", subject=subject, actor=actor, now=now)
    detail = {"count": len(recovery_hashes)}
    audit.record(session, "recovery_codes.made", subject=subject, actor=actor, now=now, detail=detail)
    outbox.queue(
        session, "account/second_factor_set", to=user.email, user_id=user.id, params={"name": user.name}, now=now
    )
    row.second_factor_at = now
    _complete(session, row, user, keys=keys, actor=actor, now=now)


def choose_company(
    session: Session,
    session_id: int,
    *,
    member_id: int,
    mandate_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Act for this company from now on, under this mandate where one is named.

    Raises NotFound where the person has no role there, or no such mandate in force.
    """
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is None or row.user_id is None:
        raise NotFound
    places = places_of(session, row.user_id, today=today_jst(now))
    if (member_id, mandate_id) not in {(place.member_id, place.mandate_id) for place in places}:
        raise NotFound
    row.member_id, row.mandate_id = member_id, mandate_id
    _come_in(session, row, now=now)
    detail = {"member_id": member_id, "mandate_id": mandate_id}
    audit.record(session, "session.company_chosen", subject=f"SESSION:{row.id}", actor=actor, now=now, detail=detail)


def touch_session(session: Session, session_id: int, *, now: datetime) -> None:
    """The session is in use."""
    session.execute(update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now))


def end_session(session: Session, session_id: int, *, actor: Actor, now: datetime) -> None:
    """Sign out: every copy of the cookie is dead from now on."""
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is not None and row.ended_at is None:
        row.ended_at = now
        audit.record(session, "session.ended", subject=f"SESSION:{row.id}", actor=actor, now=now)


def request_password_link(
    session: Session, *, email_key: str, account_key: str, address_key: str, actor: Actor, now: datetime
) -> None:
    """Mail a link for setting the password where the address is known; the page says the same in all cases."""
    note_attempt(
        session, account_key=account_key, address_key=address_key, outcome=SignInOutcome.LINK_REQUESTED, now=now
    )
    user = user_by_email(session, email_key)
    if user is None or user.state not in {UserState.ACTIVE, UserState.INVITED}:
        return
    outbox.queue(session, "account/set_password", to=user.email, user_id=user.id, params={"name": user.name}, now=now)
    audit.record(
        session, "link.requested", subject=f"USER:{user.id}", actor=actor, now=now, detail={"kind": "SET_PASSWORD"}
    )


def set_password(session: Session, token_hash: str, *, password_hash: str, actor: Actor, now: datetime) -> int:
    """Use the link up and set the password; all sessions of the user end. Returns the user's id.

    Refusals: those of `links.inspect`, link_revoked too where it went to an address that the user has no more, user_stopped.
    """
    link = links.use(session, token_hash, purpose=LinkPurpose.SET_PASSWORD, now=now)
    user = _locked_user(session, link.user_id)
    if link.email_key != user.email_key:
        raise Refusal(
            "link_revoked",
            "このリンクは、いまのメールアドレスにお送りしたものではありません。新しいリンクをお受け取りください。",
        )
    if user.state not in {UserState.ACTIVE, UserState.INVITED}:
        raise Refusal("user_stopped", "このユーザIDは現在ご利用いただけません。当機関へご連絡ください。")
    user.password_hash, user.state = password_hash, UserState.ACTIVE
    user.version += 1
    ended = end_all_sessions(session, user.id, now=now)
    detail = {"sessions_ended": ended}
    audit.record(session, "password.set", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    outbox.queue(session, "account/password_set", to=user.email, user_id=user.id, params={"name": user.name}, now=now)
    session.flush()
    return user.id


def end_all_sessions(session: Session, user_id: int, *, now: datetime) -> int:
    """End every open session of the user; return how many there were."""
    ended = session.execute(
        update(SessionRow).where(SessionRow.user_id == user_id, SessionRow.ended_at.is_(None)).values(ended_at=now)
    )
    return ended.rowcount  # type: ignore[attr-defined]


def open_applicant_session(
    session: Session, application_id: int, *, token_hash: str, agent: str, actor: Actor, now: datetime
) -> SessionRow:
    """A session of an applicant: it reaches that one application and nothing else."""
    return _open(
        session, token_hash=token_hash, application_id=application_id, agent=agent, address=actor.address, now=now
    )


def _open(
    session: Session,
    *,
    token_hash: str,
    agent: str,
    address: str,
    now: datetime,
    user_id: int | None = None,
    application_id: int | None = None,
) -> SessionRow:
    row = SessionRow(
        token_hash=token_hash,
        user_id=user_id,
        application_id=application_id,
        created_at=now,
        seen_at=now,
        ends_at=now + SESSION_LIFE,
        address=address[:60],
        agent=agent[:200],
    )
    session.add(row)
    session.flush()
    return row


def _complete(
    session: Session, row: SessionRow, user: User, *, keys: Mapping[str, str], actor: Actor, now: datetime
) -> None:
    """All factors are passed: choose the only company, record the deemed consent of the first sign-in, audit.

    Only now is the network address of `keys` (account_key, address_key) one that the owner signs in from: a stranger
    who knows the password must stay one while guessing codes.
    """
    note_attempt(session, **keys, outcome=SignInOutcome.PASSED, now=now)
    places = places_of(session, user.id, today=today_jst(now))
    if len(places) == 1:
        row.member_id, row.mandate_id = places[0].member_id, places[0].mandate_id
        _come_in(session, row, now=now)
    if user.first_signed_in_at is None:
        user.first_signed_in_at = now
        if user.kind is not UserKind.STAFF:
            _deem_consent(session, user, member_id=row.member_id, actor=actor, now=now)
    if user.kind is not UserKind.STAFF:
        contracts.form_by_sign_in(session, user.id, actor=replace(actor, user_id=user.id), now=now)
    user.last_signed_in_at = now
    detail = {"second_factor": row.second_factor_at is not None}
    audit.record(session, "session.started", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)


def _come_in(session: Session, row: SessionRow, *, now: datetime) -> None:
    """Note when the person last came in for its own company: what that company's 管理者 sees, whatever others see."""
    if row.mandate_id is None:
        session.execute(
            update(Affiliation)
            .where(
                Affiliation.user_id == row.user_id,
                Affiliation.member_id == row.member_id,
                Affiliation.ended_at.is_(None),
            )
            .values(last_signed_in_at=now)
        )


def _deem_consent(session: Session, user: User, *, member_id: int | None, actor: Actor, now: datetime) -> None:
    """The first sign-in with a notified ID is consent to the terms in force (利用規約 2.1.2)."""
    version = terms_in_force(session, now=now)
    session.add(
        Consent(
            terms_version_id=version.id,
            user_id=user.id,
            member_id=member_id,
            kind=ConsentKind.DEEMED,
            at=now,
            address=actor.address,
        )
    )
    detail = {"terms_no": version.no, "kind": ConsentKind.DEEMED}
    audit.record(
        session, "terms.agreed", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail, clause=Clause.C2_1_2
    )


def _must_have_second_factor(session: Session, user_id: int) -> bool:
    roles = set(session.scalars(select(StaffRole.role).where(StaffRole.user_id == user_id)))
    roles |= set(
        session.scalars(select(Affiliation.role).where(Affiliation.user_id == user_id, Affiliation.ended_at.is_(None)))
    )
    return bool(roles & SECOND_FACTOR_ROLES)


def _half_session(session: Session, session_id: int) -> tuple[SessionRow, User]:
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is None or row.ended_at is not None or row.user_id is None or row.second_factor_at is not None:
        raise Refusal("session_over", "サインインの途中で時間が過ぎました。もう一度サインインしてください。")
    return row, _locked_user(session, row.user_id)


def _locked_user(session: Session, user_id: int | None) -> User:
    user = session.get(User, user_id, with_for_update=True) if user_id is not None else None
    if user is None:
        raise NotFound
    return user
