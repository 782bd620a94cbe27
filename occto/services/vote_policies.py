"""How an assembly divides its votes: equally, by a table, or 旧一般電気事業者 3分の1 (`domain` 5.2); fixed with the freeze."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import UNFROZEN
from occto.domain.assembly_settings import AssemblySettings, VotePolicy, read_settings, stored_settings
from occto.domain.errors import Refusal
from occto.domain.vote_policies import Table, check_policies
from occto.domain.votes import Group
from occto.models import Member
from occto.services import audit
from occto.services.freezing import locked_assembly


def set_policies(
    session: Session,
    assembly_id: int,
    *,
    policies: Mapping[Group, VotePolicy],
    shares: Mapping[Group, Table],
    former_gdus: Collection[int],
    reason: str | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Say how each group is divided. What a policy does not use is not kept.

    Refusals: not_allowed, not_found, stale, already_frozen, reason_missing, unknown_member, and those of
    domain/vote_policies.check_policies.
    """
    assembly = locked_assembly(session, assembly_id, seen_version=seen_version, actor=actor)
    if assembly.state not in UNFROZEN:
        raise Refusal("already_frozen", "議決権を確定したあとは、分け方を変えられません。")
    if not (reason or "").strip():
        raise Refusal("reason_missing", "この分け方にする根拠を入力してください。", field="reason")
    before = read_settings(assembly.settings)
    after = with_policies(before, policies=policies, shares=shares, former_gdus=former_gdus)
    check_policies(after)
    _check_members(session, after)
    assembly.settings = {**assembly.settings, **stored_settings(after)}
    assembly.version += 1
    audit.record(
        session,
        "assembly.policies_set",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail={"before": _shown(before), "after": _shown(after), "reason": reason},
    )
    session.flush()


def with_policies(
    settings: AssemblySettings,
    *,
    policies: Mapping[Group, VotePolicy],
    shares: Mapping[Group, Table],
    former_gdus: Collection[int],
) -> AssemblySettings:
    """The settings with other policies; tables and members of policies that no group has are left out."""
    kept = {group: policy for group, policy in policies.items() if policy is not VotePolicy.EQUAL}
    return replace(
        settings,
        policies=kept,
        shares={group: dict(shares.get(group, {})) for group, policy in kept.items() if policy is VotePolicy.MANUAL},
        former_gdus=tuple(sorted(former_gdus)) if VotePolicy.FORMER_GDU_THIRD in kept.values() else (),
    )


def _check_members(session: Session, settings: AssemblySettings) -> None:
    named = {member for table in settings.shares.values() for member in table} | set(settings.former_gdus)
    if named - set(session.scalars(select(Member.id).where(Member.id.in_(named)))):
        raise Refusal("unknown_member", "登録のない会員が含まれています。事業者コードをお確かめください。")


def _shown(settings: AssemblySettings) -> dict[str, Any]:
    stored = stored_settings(settings)
    return {"policies": stored["policies"], "shares": stored["shares"], "former_gdus": stored["former_gdus"]}
