"""設定: a value from a day on, proposed by one of the staff and entered when another confirms (`domain` 4 and 8)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly_settings import AssemblySettings
from occto.domain.dated_settings import Dated, SettingName, Value, check_dated, settings_with, value_in
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.proposals import ProposalKind
from occto.models import Proposal, Setting
from occto.queries.settings import entered_settings
from occto.services import audit, proposals


def propose_setting(
    session: Session,
    name: SettingName,
    *,
    value: Value,
    source: str,
    effective_on: date,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Ask a second person to set a value from a day on; returns the row number of the proposal.

    Refusals: not_allowed, day_past, no_change, those of `check_dated`, reason_missing, already_proposed.
    """
    asked = Dated(name, value, source.strip(), effective_on)
    before = _check(session, asked, today=today_jst(now))
    return proposals.propose(
        session,
        ProposalKind.SETTING,
        subject_key=f"SETTING:{name}",
        values={
            "name": name.value,
            "before": value_in(before, name),
            "value": value,
            "source": asked.source,
            "effective_on": effective_on.isoformat(),
        },
        reason=reason,
        actor=actor,
        now=now,
    ).id


def enter(session: Session, proposal: Proposal, actor: Actor, now: datetime) -> None:
    """The second person's confirmation: the value is set. Refusals: day_past, no_change, those of `check_dated`."""
    asked = read_dated(proposal.values)
    _check(session, asked, today=today_jst(now))
    session.add(
        Setting(
            name=asked.name,
            value=asked.value,
            source=asked.source,
            effective_on=asked.effective_on,
            entered_at=now,
            proposal_id=proposal.id,
        )
    )
    detail = {
        "setting": asked.name,
        "setting_value": asked.value,
        "setting_source": asked.source,
        "effective_on": asked.effective_on,
        "proposed_by_id": proposal.proposed_by_id,
    }
    audit.record(session, "setting.entered", subject=f"SETTING:{asked.name}", actor=actor, now=now, detail=detail)


def read_dated(values: dict[str, Any]) -> Dated:
    """The value that a proposal carries."""
    return Dated(
        SettingName(values["name"]), values["value"], values["source"], date.fromisoformat(values["effective_on"])
    )


def _check(session: Session, asked: Dated, *, today: date) -> AssemblySettings:
    """The settings of that day as they are without it."""
    if asked.effective_on < today:
        raise Refusal(
            "day_past",
            "始まる日は、今日か、これからの日にしてください。過ぎた日にさかのぼることはできません。",
            field="effective_on",
        )
    entered = entered_settings(session)
    before = settings_with(entered, asked.effective_on)
    after = settings_with([*entered, asked], asked.effective_on)
    if before == after:
        raise Refusal("no_change", "その日の設定と同じ内容です。新しい値をお確かめください。", field="value")
    check_dated(after)
    return before
