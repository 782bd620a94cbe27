"""Reads of 利用規約."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.dates import today_jst
from occto.models import Consent, TermsVersion


def terms_on(session: Session, day: date) -> TermsVersion:
    """The version in force on `day` (利用規約 1.3.2); the first one where `day` lies before all."""
    newest = (
        select(TermsVersion).where(TermsVersion.effective_on <= day).order_by(TermsVersion.effective_on.desc()).limit(1)
    )
    found = session.scalar(newest) or session.scalar(select(TermsVersion).order_by(TermsVersion.effective_on).limit(1))
    if found is None:
        raise LookupError("no version of the terms of use: run the migrations")
    return found


def terms_in_force(session: Session, *, now: datetime) -> TermsVersion:
    """The version in force at the instant `now`."""
    return terms_on(session, today_jst(now))


def terms_versions(session: Session) -> list[TermsVersion]:
    """All versions, newest first."""
    return list(session.scalars(select(TermsVersion).order_by(TermsVersion.effective_on.desc())))


def consent_of_application(session: Session, application_id: int) -> Consent | None:
    """The newest consent given in an application."""
    return session.scalar(
        select(Consent).where(Consent.application_id == application_id).order_by(Consent.id.desc()).limit(1)
    )
