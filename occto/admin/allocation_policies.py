"""The door to how an assembly divides its votes: entry, check page with what would move, the act."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import allocation_words as words
from occto import clock
from occto.access import actor
from occto.admin.assembly_menu import assembly_asked
from occto.admin.base import Facts, Table
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors, Preview
from occto.domain.assembly import UNFROZEN, title_of
from occto.domain.assembly_settings import AssemblySettings, VotePolicy, read_settings
from occto.domain.errors import Refusal
from occto.domain.impact import impact
from occto.domain.share_lines import in_shares, read_codes, read_shares, unknown
from occto.domain.vote_policies import check_policies
from occto.domain.votes import Group
from occto.extensions import db
from occto.forms.vote_policies import VotePoliciesForm
from occto.labels import label
from occto.models import Assembly, Member
from occto.queries.allocation import calculate_with, elections_of
from occto.queries.allocation_reading import Reading
from occto.queries.register.known import newest_change
from occto.queries.roll import Preview as Moved
from occto.services.vote_policies import set_policies, with_policies
from occto.vote_words import impact_in_words

MOST = 50
"""Companies of each group that the check page names."""


def policies_page(screen: Doors) -> Any:
    """Answer a request to the door of `screen`."""
    assembly = assembly_asked()
    number, posted = assembly.id, request.method == "POST"
    version = sent_version(assembly.version)
    form = VotePoliciesForm(request.form if posted else None, data=_on_record(assembly))
    after = None
    if posted and form.validate():
        after = _settings(form, assembly)
    title = "議決権の分け方を決める"
    door = Door(
        title,
        title,
        ("議決権の集計へ戻る", url_for("allocation.index", id=number)),
        lead="グループごとに、議決権をみなし会員にどう分けるかを決めます。3つのグループの総数は、どの分け方でも同じです。議決権を確定するまで変えられます。",
        caption=title_of(assembly),
        facts=[("状態", label(assembly.state)), *((one.title, one.words) for one in words.policies(assembly.settings))],
        hidden={"id": number},
    )
    if assembly.state not in UNFROZEN and not posted:
        form.add_error(None, "議決権を確定したあとは、分け方を変えられません。")
        return screen.entry(door, form, version=version), 409
    if posted and after is None:
        return screen.entry(door, form, version=version), 422

    def act(session: Session) -> str:
        assert after is not None
        set_policies(
            session,
            number,
            policies=_policies(form),
            shares=after.shares,
            former_gdus=after.former_gdus,
            reason=form.reason.data,
            seen_version=version,
            actor=actor(),
            now=clock.now(),
        )
        return url_for("allocation.index", id=number, of="live")

    return screen.go_through(
        door,
        form,
        act,
        done="議決権の分け方を決めました。",
        preview=lambda: _preview(assembly, after or AssemblySettings()),
        version=version,
        now_version=lambda: db.session.get_one(Assembly, number).version,
    )


def _policies(form: VotePoliciesForm) -> dict[Group, VotePolicy]:
    return {group: VotePolicy(form[f"policy_{group.value}"].data) for group in Group}


def _settings(form: VotePoliciesForm, assembly: Assembly) -> AssemblySettings | None:
    """The settings as they would be; None where they cannot divide the votes of today, with the reason at its field."""
    try:
        after = _read(form, read_settings(assembly.settings))
        check_policies(after)
        _calculated(assembly, after)
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return None
    return after


def _read(form: VotePoliciesForm, before: AssemblySettings) -> AssemblySettings:
    policies = _policies(form)
    tables = {
        group: read_shares(form[f"shares_{group.value}"].data, field=f"shares_{group.value}")
        for group, policy in policies.items()
        if policy is VotePolicy.MANUAL
    }
    third = VotePolicy.FORMER_GDU_THIRD in policies.values()
    named = read_codes(form.former_gdus.data, field="former_gdus") if third else []
    members = _members({line.code for lines in tables.values() for line in lines} | set(named))
    for code in named:
        if code not in members:
            raise unknown(code, field="former_gdus")
    return with_policies(
        before,
        policies=policies,
        shares={group: in_shares(lines, members, field=f"shares_{group.value}") for group, lines in tables.items()},
        former_gdus=[members[code] for code in named],
    )


def _members(codes: set[str]) -> dict[str, int]:
    """Operator code → member."""
    rows = db.session.execute(select(Member.operator_code, Member.id).where(Member.operator_code.in_(codes)))
    return {row.operator_code: row.id for row in rows}


def _on_record(assembly: Assembly) -> dict[str, Any]:
    settings = read_settings(assembly.settings)
    named = {member for table in settings.shares.values() for member in table} | set(settings.former_gdus)
    rows = db.session.execute(select(Member.id, Member.operator_code).where(Member.id.in_(named)))
    codes: Mapping[int, str] = {row.id: row.operator_code for row in rows}
    found: dict[str, Any] = {"former_gdus": "\n".join(codes.get(member, "") for member in settings.former_gdus)}
    for group in Group:
        found[f"policy_{group.value}"] = settings.policy(group).value
        table = settings.shares.get(group, {})
        lines = [f"{codes.get(member, '')},{part}/{whole}" for member, (part, whole) in table.items()]
        found[f"shares_{group.value}"] = "\n".join(lines)
    return found


def _calculated(assembly: Assembly, settings: AssemblySettings) -> Reading:
    session = db.session()
    return Reading(
        calculate_with(
            session,
            assembly.id,
            assembly.record_on,
            known=newest_change(session),
            filed=elections_of(session, assembly.id),
            settings=settings,
        )
    )


def _preview(assembly: Assembly, after: AssemblySettings) -> Preview:
    """What would be divided how, and whose share it moves."""
    would_be = _calculated(assembly, after)
    try:
        now = _calculated(assembly, read_settings(assembly.settings))
    except Refusal:
        return Preview(["いまの分け方では計算できないため、変わる会社は示せません。"], [_figures(would_be)])
    moved = impact(now.allocation, would_be.allocation)
    told = impact_in_words(
        Moved(moved, would_be.calculation.record.names, ()),
        most=MOST,
        unequal=words.unequal(now) | words.unequal(would_be),
    )
    tables = [
        Table(
            f"{group.title}の割合",
            ("会社", "いま", "変更後"),
            [(row.name, row.before, row.after) for row in group.rows],
        )
        for group in told.groups
    ]
    sentences = [] if tables else ["いまの登録では、どの会社の割合も変わりません。"]
    return Preview(sentences, [_figures(would_be), *tables])


def _figures(reading: Reading) -> Facts:
    rows = [(f"{one.title}グループ", one.each) for one in words.figures(reading)]
    return Facts("変更後の分け方", [*rows, ("議決権の総数", f"{reading.allocation.total:,}票")])
