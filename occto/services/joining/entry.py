"""The way in: the mailed link, the applicant session, the consent (利用規約 2.1.1②, 2.1.2)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import Channel, ConsentKind, FormedBy, LinkPurpose, SignInOutcome, UserState
from occto.domain.errors import NotFound, Refusal
from occto.domain.joining import DECIDED, ApplicationState
from occto.domain.permissions import Role, permissions_of
from occto.models import Application, Consent, ContractOfUse
from occto.queries.people import user_by_email
from occto.queries.terms import consent_of_application, terms_in_force
from occto.services import audit, links, outbox, sign_in
from occto.services.joining.case import locked_by_applicant, subject_of

_CLOSED = frozenset({ApplicationState.REMOVED, ApplicationState.APPROVED})
OPEN_LIMIT = 50
"""Open applications that one address may have: the same few people found many single-purpose companies."""


def request_link(
    session: Session, email: str, *, account_key: str, address_key: str, actor: Actor, now: datetime
) -> None:
    """Mail a link to `email`; what the mail says depends on the address, what the page says never does."""
    sign_in.note_attempt(
        session, account_key=account_key, address_key=address_key, outcome=SignInOutcome.LINK_REQUESTED, now=now
    )
    key = email.lower()
    user = user_by_email(session, key)
    opened = session.scalar(
        select(func.count())
        .select_from(Application)
        .where(Application.email_key == key, Application.state.not_in(DECIDED))
    )
    kind = "continue" if opened else "start"
    known = user is not None and user.state is UserState.ACTIVE
    outbox.queue(session, f"join/{kind}", to=email, params={"known_user": known}, clause=Clause.C2_1_1_2, now=now)
    audit.record(session, "link.requested", subject=f"LINK:{kind}", actor=actor, now=now, detail={"kind": kind})


def open_applications(session: Session, email_key: str) -> list[Application]:
    """The applications of this address that can still be continued or looked at, newest first.

    An approved one is the member's: its users see it signed in, with their second factor, and no longer by mail alone.
    """
    return list(
        session.scalars(
            select(Application)
            .where(Application.email_key == email_key, Application.state.not_in(_CLOSED))
            .order_by(Application.id.desc())
            .limit(OPEN_LIMIT)
        )
    )


def use_apply_link(
    session: Session,
    link_hash: str,
    *,
    application_id: int | None,
    session_hash: str,
    agent: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Use the link up and open an applicant session; `application_id` None starts a new application.

    Returns the application's id. Refusals: those of `links.inspect`, too_many_open; NotFound for a case of another address.
    """
    link = links.use(session, link_hash, purpose=LinkPurpose.APPLY, now=now)
    cases = open_applications(session, link.email_key)
    if application_id is None:
        application = _start(session, link.email_key, cases=cases, now=now)
    else:
        application = next((case for case in cases if case.id == application_id), None) or _absent()
    own = Actor(
        application_id=application.id,
        request_id=actor.request_id,
        address=actor.address,
        permissions=permissions_of((Role.APPLICANT,)),
    )
    audit.record(
        session, "link.used", subject=subject_of(application), actor=own, now=now, detail={"purpose": LinkPurpose.APPLY}
    )
    if application_id is None:
        detail = {"channel": Channel.ONLINE}
        audit.record(session, "application.started", subject=subject_of(application), actor=own, now=now, detail=detail)
    sign_in.open_applicant_session(session, application.id, token_hash=session_hash, agent=agent, actor=actor, now=now)
    return application.id


def _absent() -> Application:
    raise NotFound


def _start(session: Session, email: str, *, cases: list[Application], now: datetime) -> Application:
    if sum(case.state not in DECIDED for case in cases) >= OPEN_LIMIT:
        raise Refusal(
            "too_many_open",
            f"このメールアドレスで作成中の申請が{OPEN_LIMIT}件あります。続きを入力するか、不要な申請を取り下げてください。",
        )
    application = Application(
        state=ApplicationState.DRAFT,
        channel=Channel.ONLINE,
        email=email,
        email_key=email.lower(),
        created_at=now,
        saved_at=now,
    )
    session.add(application)
    session.flush()
    return application


def agree_to_terms(session: Session, application_id: int, *, seen_terms_id: int, actor: Actor, now: datetime) -> None:
    """「本利用規約に同意する」: the contract of use is made at this click (利用規約 2.1.2); staff record what a paper states.

    Refusals: terms_changed where another version is in force than the one shown, case_decided where the case is over.
    A second click changes nothing.
    """
    application = locked_by_applicant(session, application_id, actor=actor)
    if application.state in DECIDED:
        raise Refusal("case_decided", "この申請は終わっているため、利用規約への同意は受け付けられません。")
    version = terms_in_force(session, now=now)
    if version.id != seen_terms_id:
        raise Refusal(
            "terms_changed", "利用規約が新しい版に変わりました。新しい版をお読みのうえ、もう一度お進みください。"
        )
    earlier = consent_of_application(session, application.id)
    if earlier is not None and earlier.terms_version_id == version.id:
        return
    on_paper = application.channel is Channel.PAPER
    kind = ConsentKind.PAPER if on_paper else ConsentKind.EXPLICIT
    session.add(
        Consent(
            terms_version_id=version.id,
            application_id=application.id,
            kind=kind,
            at=now,
            address=actor.address,
        )
    )
    if earlier is None:
        session.add(
            ContractOfUse(
                application_id=application.id,
                formed_at=now,
                formed_by=FormedBy.PAPER if on_paper else FormedBy.CLICK,
                terms_version_id=version.id,
            )
        )
    application.saved_at = now
    detail = {"terms_no": version.no, "kind": kind}
    audit.record(
        session,
        "terms.agreed",
        subject=subject_of(application),
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C2_1_2,
    )
    session.flush()
