"""アカウント: what a person does with its own ID. Whoever asks has proved it by password or code; hashing is the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import SignInOutcome
from occto.domain.errors import NotFound, Refusal
from occto.models import RecoveryCode, SessionRow, User
from occto.queries.account import second_factor_compulsory
from occto.services import audit, outbox
from occto.services.sign_in import note_attempt
from occto.services.users.addresses import end_other_sessions, require_same_password


@dataclass(frozen=True, slots=True)
class Proof:
    """The code that was given: the time step that it belongs to, or else the keyed hash of a recovery code."""

    step: int | None
    recovery_hash: str


def note_failure(
    session: Session, *, account_key: str, address_key: str, outcome: SignInOutcome, actor: Actor, now: datetime
) -> None:
    """Count a wrong password or code given on a page of the account: it slows the account like one at sign-in."""
    note_attempt(session, account_key=account_key, address_key=address_key, outcome=outcome, now=now)
    subject = f"USER:{actor.user_id}"
    audit.record(session, "account.check_failed", subject=subject, actor=actor, now=now, detail={"outcome": outcome})


def change_password(session: Session, *, verified_hash: str, password_hash: str, actor: Actor, now: datetime) -> int:
    """Set another password; every other session of the person ends. Returns how many. Refusal password_changed."""
    user = _own(session, actor)
    require_same_password(user, verified_hash)
    user.password_hash = password_hash
    user.version += 1
    ended = end_other_sessions(session, user.id, but=actor.session_id, now=now)
    _record(session, "password.set", user, actor=actor, now=now, detail={"sessions_ended": ended})
    _tell(session, user, "account/password_changed", now=now)
    return ended


def set_up_second_factor(
    session: Session,
    *,
    verified_hash: str,
    secret_enc: str,
    step: int,
    recovery_hashes: Sequence[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a first second factor, proved by a code of `step`; this session has passed it, others must when next used.

    Refusals: password_changed, factor_exists (set up elsewhere in the meantime).
    """
    user = _own(session, actor)
    require_same_password(user, verified_hash)
    if user.totp_secret_enc is not None:
        raise Refusal(
            "factor_exists", "2段階認証はすでに設定されています。アカウントの画面を開き直してください。", field="code"
        )
    _keep(session, user, secret_enc=secret_enc, step=step, recovery_hashes=recovery_hashes, actor=actor, now=now)
    _record(session, "second_factor.set", user, actor=actor, now=now)
    _tell(session, user, "account/second_factor_set", now=now)


def replace_second_factor(
    session: Session,
    *,
    proof: Proof,
    secret_enc: str,
    step: int,
    recovery_hashes: Sequence[str],
    actor: Actor,
    now: datetime,
) -> bool:
    """Put another authenticator in the place of the present one; False (nothing written) where `proof` is no code of it.

    Every other session ends, and all earlier recovery codes are void. Refusals: no_factor, code_replayed.
    """
    user = _with_factor(session, actor)
    if not _proved(session, user, proof, now=now):
        return False
    _keep(session, user, secret_enc=secret_enc, step=step, recovery_hashes=recovery_hashes, actor=actor, now=now)
    ended = end_other_sessions(session, user.id, but=actor.session_id, now=now)
    _record(session, "second_factor.replaced", user, actor=actor, now=now, detail={"sessions_ended": ended})
    _tell(session, user, "account/second_factor_replaced", now=now)
    return True


def remove_second_factor(session: Session, *, proof: Proof, actor: Actor, now: datetime) -> bool:
    """Do without a second factor; False (nothing written) where `proof` is no code of it. Every other session ends.

    Refusals: no_factor, factor_compulsory (a role of the person asks for it), code_replayed.
    """
    user = _with_factor(session, actor)
    if second_factor_compulsory(session, user.id):
        raise Refusal(
            "factor_compulsory",
            "管理者の方と職員は、2段階認証を解除できません。認証アプリを替えるときは、設定を入れ替えてください。",
        )
    if not _proved(session, user, proof, now=now):
        return False
    user.totp_secret_enc, user.totp_last_step = None, None
    user.version += 1
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    ended = end_other_sessions(session, user.id, but=actor.session_id, now=now)
    _record(session, "second_factor.removed", user, actor=actor, now=now, detail={"sessions_ended": ended})
    _tell(session, user, "account/second_factor_removed", now=now)
    return True


def make_recovery_codes(
    session: Session, *, proof: Proof, recovery_hashes: Sequence[str], actor: Actor, now: datetime
) -> bool:
    """Void all recovery codes and keep these; False (nothing written) where `proof` is no code of the second factor.

    Refusals: no_factor, code_replayed.
    """
    user = _with_factor(session, actor)
    if not _proved(session, user, proof, now=now):
        return False
    _keep_codes(session, user, recovery_hashes, actor=actor, now=now)
    _tell(session, user, "account/recovery_codes_made", now=now)
    return True


def end_session(session: Session, session_id: int, *, actor: Actor, now: datetime) -> None:
    """End one of the person's own sessions. NotFound for another's, and for one that is over."""
    row = session.get(SessionRow, session_id, with_for_update=True)
    if row is None or row.user_id is None or row.user_id != actor.user_id or row.ended_at is not None:
        raise NotFound
    row.ended_at = now
    audit.record(session, "session.ended", subject=f"SESSION:{row.id}", actor=actor, now=now)
    session.flush()


def end_others(session: Session, *, actor: Actor, now: datetime) -> int:
    """End every session of the person but the one that asks, at all companies; returns how many."""
    user = _own(session, actor)
    ended = end_other_sessions(session, user.id, but=actor.session_id, now=now)
    if ended:
        _record(session, "sessions.ended", user, actor=actor, now=now, detail={"sessions_ended": ended})
    return ended


def _proved(session: Session, user: User, proof: Proof, *, now: datetime) -> bool:
    """Use the code up; False where there is none such."""
    if proof.step is not None:
        if user.totp_last_step is not None and proof.step <= user.totp_last_step:
            raise Refusal(
                "code_replayed",
                "このコードは一度使われています。次のコードが表示されるまでお待ちください。",
                field="current_code",
            )
        user.totp_last_step = proof.step
        return True
    code = session.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == proof.recovery_hash,
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if code is None:
        return False
    code.used_at = now
    return True


def _keep(
    session: Session,
    user: User,
    *,
    secret_enc: str,
    step: int,
    recovery_hashes: Sequence[str],
    actor: Actor,
    now: datetime,
) -> None:
    user.totp_secret_enc, user.totp_last_step = secret_enc, step
    user.version += 1
    row = session.get(SessionRow, actor.session_id, with_for_update=True) if actor.session_id is not None else None
    if row is not None and row.user_id == user.id:
        row.second_factor_at = now
    _keep_codes(session, user, recovery_hashes, actor=actor, now=now)


def _keep_codes(session: Session, user: User, recovery_hashes: Sequence[str], *, actor: Actor, now: datetime) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.add_all(RecoveryCode(user_id=user.id, code_hash=code_hash) for code_hash in recovery_hashes)
    _record(session, "recovery_codes.made", user, actor=actor, now=now, detail={"count": len(recovery_hashes)})


def _own(session: Session, actor: Actor) -> User:
    user = session.get(User, actor.user_id, with_for_update=True) if actor.user_id is not None else None
    if user is None:
        raise NotFound
    return user


def _with_factor(session: Session, actor: Actor) -> User:
    user = _own(session, actor)
    if user.totp_secret_enc is None:
        raise Refusal("no_factor", "2段階認証は設定されていません。アカウントの画面から設定してください。")
    return user


def _record(
    session: Session, tag: str, user: User, *, actor: Actor, now: datetime, detail: dict[str, int] | None = None
) -> None:
    audit.record(session, tag, subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    session.flush()


def _tell(session: Session, user: User, template: str, *, now: datetime) -> None:
    outbox.queue(session, template, to=user.email, user_id=user.id, params={"name": user.name}, now=now)
