"""「貴社の議決権は 2票です」: a member's own votes as its pages show them (templates/_macros/own_votes.html)."""

from collections.abc import Callable
from dataclasses import dataclass

from occto.domain.assembly_settings import POLICY_LABELS, VotePolicy
from occto.domain.dates import JST, format_date, format_instant
from occto.domain.votes import group_title
from occto.queries.own_votes import OwnGroup, OwnVotes
from occto.vote_reasons import reason_with_facts

OWN = "貴社"


@dataclass(frozen=True, slots=True)
class OwnGroupInWords:
    """A group: its title, the number of votes (None: 対象外), what decided in a few words, and the facts."""

    title: str
    votes: int | None
    head: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnVotesInWords:
    """What the macro shows. `note` says what it rests on; `open`: not frozen yet, so that the member can object."""

    title: str
    lead: str
    groups: tuple[OwnGroupInWords, ...]
    note: str
    open: bool
    votes: int


def own_votes_in_words(own: OwnVotes) -> OwnVotesInWords:
    """A member's votes in words."""
    return OwnVotesInWords(
        title=_title(own),
        lead=_lead(own),
        groups=tuple(_group(own, group) for group in own.groups) if own.on_roll and not own.sanctioned else (),
        note=_note(own),
        open=not own.frozen,
        votes=own.votes,
    )


def _title(own: OwnVotes) -> str:
    if not own.on_roll:
        return f"{OWN}は、基準日の名簿にありません"
    if own.sanctioned:
        return f"{OWN}の議決権は、停止されています"
    return f"{OWN}の議決権は {own.votes:,}票です"


def _lead(own: OwnVotes) -> str:
    day = format_date(own.record_on)
    if not own.on_roll:
        return f"議決権は、基準日（{day}）の終わりに会員である会社が行使します。このため、この総会で{OWN}に議決権はありません。"
    if own.sanctioned:
        return (
            f"基準日（{day}）に、定款にもとづく権利の停止・制限の対象であるため、この総会では議決権を行使できません。"
        )
    if not own.per_group_total:
        return "まだ、議決権のあるグループがありません。"
    groups = own.total // own.per_group_total
    total = f"各 {own.per_group_total:,}票、合計 {own.total:,}票"
    moved = "議決権は、資本関係のある会社が行使します。" if not own.votes else ""
    return f"{moved}{groups}つのグループの議決権は同じ数（{total}）です。資本関係のある会社は、グループごとに1社とみなします。"


def _group(own: OwnVotes, group: OwnGroup) -> OwnGroupInWords:
    title = group_title(group.group)
    if group.unit is None:
        return OwnGroupInWords(title, None, "", (f"{OWN}は、基準日にこのグループの区分をお持ちではありません。",))
    name = _names(own)
    reason = reason_with_facts(group.unit, own.node, own.facts, name=name)
    if group.unit.holder == own.node:
        return OwnGroupInWords(title, group.votes, reason.title, (*reason.facts, _division(own, group)))
    holds = f"{name(group.unit.holder)}が、このグループの {group.votes:,}票を行使します。"
    return OwnGroupInWords(title, 0, reason.title, (*reason.facts, holds))


def _division(own: OwnVotes, group: OwnGroup) -> str:
    """How the number comes about: 1,920票 ÷ 960社 = 2票."""
    if group.policy is VotePolicy.EQUAL:
        return f"{own.per_group_total:,}票 ÷ {group.units:,}社 = {group.votes:,}票。"
    return f"{own.per_group_total:,}票のうち {group.votes:,}票（この総会の分け方：{POLICY_LABELS[group.policy]}）。"


def _names(own: OwnVotes) -> Callable[[int], str]:
    names = {**own.names, own.node: OWN}
    return lambda node: names.get(node, "登録のない会社")


def _note(own: OwnVotes) -> str:
    day = format_date(own.record_on)
    if own.frozen:
        return f"{format_date(own.made_at.astimezone(JST).date())}に確定した、基準日（{day}）の名簿にもとづきます。"
    return f"確定前の集計です（{format_instant(own.made_at)}に集計、基準日 {day}）。確定までの間に、数が変わることがあります。"
