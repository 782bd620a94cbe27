"""加入証跡 read from the register as of a day: by its code for anybody, by the member for itself and the staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from occto.domain.certificates import Standing, memberships, standing
from occto.domain.codes import Act, Licence
from occto.models import Certificate, LicenceFact, LicenceHeld, Member, ProfileFact, SigningKey

_PUBLIC_ITEMS = ("name", "member_on")
_PRINTED_ITEMS = (*_PUBLIC_ITEMS, "corporate_number", "postal_code", "prefecture", "address")


@dataclass(frozen=True, slots=True)
class LicenceOfDay:
    """A licence in force on the day asked about."""

    category: Licence
    number: str | None
    effective_on: date
    act: Act


@dataclass(frozen=True, slots=True)
class Checked:
    """What anybody may know of a certificate on a day: nothing about persons."""

    code: str
    day: date
    name: str
    licences: tuple[LicenceOfDay, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class CertificateOnRecord:
    """A member's certificate as of a day, with what a printed one says of the company."""

    code: str
    day: date
    name: str
    licences: tuple[LicenceOfDay, ...]
    standing: Standing
    member_on: date | None
    operator_code: str
    corporate_number: str
    postal_code: str
    head_office: str


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key: `public_key` is base64url, the private half is encrypted."""

    kid: str
    public_key: str
    private_key_enc: str


_CERTIFICATE = select(Certificate.code, Certificate.member_id, Member.operator_code).join(
    Member, Member.id == Certificate.member_id
)
_BY_CODE = _CERTIFICATE.where(Certificate.code == bindparam("code"))
_BY_MEMBER = _CERTIFICATE.where(Certificate.member_id == bindparam("member"))
_FACTS: dict[tuple[str, ...], Select[Any]] = {
    items: select(ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
    .where(ProfileFact.member_id == bindparam("member"), ProfileFact.voided_id.is_(None), ProfileFact.item.in_(items))
    .order_by(ProfileFact.effective_on)
    for items in (_PUBLIC_ITEMS, _PRINTED_ITEMS)
}
_LICENCES = (
    select(LicenceHeld.category, LicenceFact.number, LicenceFact.effective_on, LicenceFact.act, LicenceFact.ended_on)
    .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
    .where(LicenceHeld.member_id == bindparam("member"), LicenceFact.voided_id.is_(None))
    .order_by(LicenceFact.effective_on, LicenceFact.id)
)


def check(session: Session, code: str, day: date) -> Checked | None:
    """The certificate with this code (as `read_code` gives it) as of `day`; None where there is none. Three statements."""
    found = session.execute(_BY_CODE, {"code": code}).one_or_none()
    if found is None:
        return None
    items = _items(session, _PUBLIC_ITEMS, found.member_id, day)
    licences, periods = _licences(session, found.member_id, day, joined=items["joined"])
    return Checked(found.code, day, items.get("name") or "", licences, standing(periods, day))


def certificate_of(session: Session, member_id: int, day: date) -> CertificateOnRecord | None:
    """The certificate of a member as of `day`; None where none has been issued yet. Three statements."""
    found = session.execute(_BY_MEMBER, {"member": member_id}).one_or_none()
    if found is None:
        return None
    items = _items(session, _PRINTED_ITEMS, member_id, day)
    licences, periods = _licences(session, member_id, day, joined=items["joined"])
    past = [joined for joined in items["joined"] if joined <= day]
    return CertificateOnRecord(
        code=found.code,
        day=day,
        name=items.get("name") or "",
        licences=licences,
        standing=standing(periods, day),
        member_on=past[-1] if past else next(iter(items["joined"]), None),
        operator_code=found.operator_code,
        corporate_number=items.get("corporate_number") or "",
        postal_code=items.get("postal_code") or "",
        head_office=f"{items.get('prefecture') or ''}{items.get('address') or ''}",
    )


def code_of_member(session: Session, member_id: int) -> str | None:
    """The code of the member's certificate; None where none has been issued yet."""
    return session.scalar(select(Certificate.code).where(Certificate.member_id == member_id))


def signing_key(session: Session) -> Key | None:
    """The newest key that is not retired; None where none has been made yet."""
    return next(iter(_keys(session, select(SigningKey).where(SigningKey.retired_at.is_(None)))), None)


def published_keys(session: Session) -> list[Key]:
    """Every key that ever signed, newest first: what was printed once can be verified for good."""
    return _keys(session, select(SigningKey))


def _keys(session: Session, query: Any) -> list[Key]:
    rows: Sequence[SigningKey] = session.scalars(query.order_by(SigningKey.id.desc())).all()
    return [Key(row.kid, row.public_key, row.private_key_enc) for row in rows]


def _items(session: Session, items: tuple[str, ...], member_id: int, day: date) -> dict[str, Any]:
    """The items in force on `day`, and under `joined` every day of joining (加入日), one for each membership.

    Before the first fact of an item its first one counts, so that a company has a name.
    """
    found: dict[str, Any] = {"joined": []}
    for item, value, effective_on in session.execute(_FACTS[items], {"member": member_id}):
        if item == "member_on" and value:
            found["joined"].append(date.fromisoformat(value))
        elif effective_on <= day or item not in found:
            found[item] = value
    return found


def _licences(
    session: Session, member_id: int, day: date, *, joined: Sequence[date]
) -> tuple[tuple[LicenceOfDay, ...], list[tuple[date, date | None]]]:
    """The licences in force on `day` in the order of the categories, and all periods of membership."""
    rows = session.execute(_LICENCES, {"member": member_id}).all()
    order = list(Licence)
    in_force = [row for row in rows if row.effective_on <= day and (row.ended_on is None or day < row.ended_on)]
    in_force.sort(key=lambda row: order.index(row.category))
    licences = tuple(LicenceOfDay(row.category, row.number, row.effective_on, row.act) for row in in_force)
    return licences, memberships(joined, [(row.effective_on, row.ended_on) for row in rows])
