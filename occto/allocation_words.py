"""A division of votes as staff read it: units, families, members and findings, each with what there is to say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from occto.domain.assembly_settings import POLICY_LABELS, VotePolicy, read_settings
from occto.domain.codes import Licence, SnapshotState
from occto.domain.dates import format_date, format_instant
from occto.domain.votes import GROUP_LABELS, Finding, Group, Reason, Unit, Voter, group_title
from occto.family_tree import Leaf, Mark
from occto.labels import label
from occto.queries.allocation_reading import Family, Kept, Reading
from occto.vote_reasons import ReasonInWords, percent, reason_with_facts

LIVE = "いまの登録で計算"
NAMED = 3
RULES: Mapping[Reason, str] = {
    Reason.SINGLE: "単独",
    Reason.PARENT: "規則1",
    Reason.CAPITAL: "規則2",
    Reason.ROSTER: "規則2",
    Reason.ELECTION: "届出",
}


@dataclass(frozen=True, slots=True)
class Company:
    """A company as a link: its node, the member that it is (None: no member of the day), its name."""

    node: int
    member_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A line of the list by group. `others`: some of those that the holder votes for; `more`: how many further ones."""

    no: int
    holder: Company
    roster_no: int | None
    others: tuple[Company, ...]
    more: int
    size: int
    votes: int
    reason: ReasonInWords


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What a group amounts to. `each`: how it is divided, such as 1みなし会員あたり 2票."""

    group: Group
    title: str
    members: int
    units: int
    total: int
    each: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A company in a group: what decided and with which facts; `outside`: it has no licence there."""

    title: str
    votes: int
    outside: bool
    holder: Company | None
    reason: ReasonInWords | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What staff have to look at, and what to do about it. `kind`: error, warning or note."""

    kind: str
    title: str
    todo: str
    companies: tuple[Company, ...]
    total: int


def kept_in_words(kept: Kept) -> str:
    """第2回 下書き 2026年11月25日（水）10:00."""
    return f"第{kept.no}回　{label(kept.state)}　{format_instant(kept.snapshot.made_at)}"


def basis_in_words(reading: Reading) -> str:
    """Which calculation it is, and what it knows."""
    day = format_date(reading.calculation.day)
    known = f"名簿の変更 {reading.calculation.known:,} 番まで"
    if reading.kept is None:
        return f"基準日 {day} の終わりについて、いま登録されている内容（{known}）で計算しました。保存していません。"
    made = format_instant(reading.kept.snapshot.made_at)
    words = {
        SnapshotState.FROZEN: f"{made}に確定しました",
        SnapshotState.SUPERSEDED: f"{made}に確定し、その後、確定し直したものに代わりました",
    }.get(reading.kept.state, f"{made}に保存した集計（案）です")
    return f"{words}。基準日 {day} の終わりについて、{known}に分かっていた内容です。"


def figures(reading: Reading) -> list[GroupFigures]:
    """The figures of each group."""
    found = []
    for group in Group:
        units = reading.allocation.units[group]
        policy = reading.calculation.settings.policy(group)
        total = reading.allocation.per_group_total if units else 0
        if not units:
            each = "会員がいません"
        elif policy is VotePolicy.EQUAL:
            each = f"{total:,}票 ÷ {len(units):,}社 = {total // len(units):,}票"
        else:
            each = POLICY_LABELS[policy]
        found.append(GroupFigures(group, GROUP_LABELS[group], reading.members_of(group), len(units), total, each))
    return found


def company(reading: Reading, node: int) -> Company:
    """A company of the calculation."""
    return Company(
        node, reading.calculation.record.member_ids.get(node) if node in reading.voters else None, reading.name(node)
    )


def unit_row(reading: Reading, unit: Unit[int], no: int) -> UnitRow:
    """A unit as a line."""
    others = [node for node in unit.members if node != unit.holder]
    return UnitRow(
        no=no,
        holder=company(reading, unit.holder),
        roster_no=reading.voters[unit.holder].roster_no,
        others=tuple(company(reading, node) for node in others[:NAMED]),
        more=max(0, len(others) - NAMED),
        size=len(unit.members),
        votes=reading.votes(unit),
        reason=reason_with_facts(unit, unit.holder, reading.facts, name=reading.name),
    )


def standing(reading: Reading, node: int, group: Group) -> Standing:
    """A company in a group, in full."""
    title = group_title(group)
    unit = reading.unit_of[group].get(node)
    if unit is not None:
        votes = reading.votes(unit) if unit.holder == node else 0
        reason = reason_with_facts(unit, node, reading.facts, name=reading.name)
        return Standing(title, votes, False, company(reading, unit.holder), reason)
    if group in reading.groups(node):
        reason = ReasonInWords(
            "権利の停止・制限", ("基準日に権利の停止・制限の対象であるため、議決権を行使できません。",)
        )
        return Standing(title, 0, False, None, reason)
    return Standing(title, 0, True, None, None)


def leaves(reading: Reading, family: Family) -> list[Leaf]:
    """The companies of a family as they are drawn and as the table below the drawing says them."""
    return [_leaf(reading, node, depth) for node, depth in reading.tree(family.root)]


def _leaf(reading: Reading, node: int, depth: int) -> Leaf:
    link = reading.facts.links.get(node)
    relation = "最終の親法人"
    if link is not None and depth:
        ratio = f"{percent(link.ratio_bp)} %　" if link.ratio_bp is not None else "割合の登録なし　"
        relation = f"{ratio}{format_date(link.since)}から"
    return Leaf(
        node=node,
        depth=depth,
        name=reading.name(node),
        relation=relation,
        member=node in reading.voters,
        marks=tuple(_mark(reading, node, group) for group in Group),
    )


def _mark(reading: Reading, node: int, group: Group) -> Mark:
    unit = reading.unit_of[group].get(node)
    if unit is None:
        stopped = group in reading.groups(node)
        return Mark("held" if stopped else "none", "停止" if stopped else "", "権利の停止・制限" if stopped else "")
    if unit.holder == node:
        return Mark("holds", f"{reading.votes(unit):,}票", RULES[unit.reason])
    return Mark("held", "集約", f"{reading.name(unit.holder)}へ（{RULES[unit.reason]}）")


_FINDINGS: Mapping[tuple[str, bool], tuple[str, str, str]] = {
    ("cycle", False): (
        "error",
        "親子の関係が輪になっています",
        "輪のうち1つの資本関係を訂正してください。訂正するまでは、番号のいちばん小さい会社の上で輪を切って計算します。",
    ),
    ("two_parents", False): (
        "error",
        "支配する親法人が2社登録されています",
        "正しいほうを残して、もう一方を訂正してください。いまは、後から登録されたほうで計算しています。",
    ),
    ("capital_missing", True): (
        "warning",
        "資本金の登録がないまま、資本金を比べました（規則2）",
        "0円として比べました。登記事項証明書などで資本金を確かめて登録してください。議決権を持つ会社が変わることがあります。",
    ),
    ("roster_missing", True): (
        "warning",
        "名簿番号がないまま、名簿の順を比べました（規則2）",
        "名簿の最後として比べました。名簿番号を付けてください。議決権を持つ会社が変わることがあります。",
    ),
    ("roster_shared", True): (
        "warning",
        "同じ名簿番号の会社を、名簿の順で比べました（規則2）",
        "名簿番号を直してください。議決権を持つ会社が変わることがあります。",
    ),
    ("election_ignored", False): (
        "warning",
        "用いなかった届出があります",
        "届出に挙げられた会社が、基準日にその親法人の会社ではないか、そのグループの会員ではありません。届出と資本関係をお確かめください。",
    ),
    ("parent_by_name", False): (
        "warning",
        "親法人が名称だけで登録されています",
        "法人番号が分からないため、集約に用いていません。会員に法人番号を確かめて、資本関係を登録し直してください。",
    ),
    ("empty_group", True): (
        "warning",
        "会員のいないグループがあります",
        "その分の議決権は、ほかのグループに配分しません。区分の登録に漏れがないか、お確かめください。",
    ),
    ("capital_missing", False): (
        "note",
        "資本金の登録がない会員",
        "規則2で比べるときは、0円として扱います。確定までに登録してください。",
    ),
    ("roster_missing", False): (
        "note",
        "名簿番号のない会員",
        "規則2で比べるときは、名簿の最後として扱います。確定までに番号を付けてください。",
    ),
}
_KINDS = ("error", "warning", "note")


def finding_rows(reading: Reading, names: Mapping[int, str], *, most: int | None = None) -> list[FindingRow]:
    """What there is to look at, errors first. `names`: of companies that the calculation does not name."""
    rows = [_finding(reading, one, names, most) for one in reading.calculation.findings]
    if reading.calculation.sanctioned:
        nodes = sorted(reading.calculation.sanctioned)
        rows.append(
            FindingRow(
                "note",
                "権利の停止・制限で議決権のない会員",
                "基準日に対象であるため、名簿には載りますが、議決権は数えません。",
                tuple(company(reading, node) for node in nodes[:most]),
                len(nodes),
            )
        )
    return sorted(rows, key=lambda row: _KINDS.index(row.kind))


def _finding(reading: Reading, finding: Finding[int], names: Mapping[int, str], most: int | None) -> FindingRow:
    known = _FINDINGS.get((finding.code, finding.group is not None)) or _FINDINGS.get((finding.code, False))
    kind, title, todo = known or ("warning", finding.code, "")
    group = f"（{group_title(finding.group)}）" if finding.group is not None else ""
    return FindingRow(
        kind,
        f"{title}{group}",
        todo,
        tuple(_named(reading, node, names) for node in finding.nodes[:most]),
        len(finding.nodes),
    )


def _named(reading: Reading, node: int, names: Mapping[int, str]) -> Company:
    found = company(reading, node)
    return found if node not in names else Company(node, found.member_id, names[node])


def nameless(reading: Reading) -> list[int]:
    """Companies among the findings that the calculation has no name for."""
    known = reading.calculation.record.names
    return sorted({node for finding in reading.calculation.findings for node in finding.nodes if node not in known})


def counted(rows: Iterable[FindingRow], kind: str) -> int:
    """How many findings of a kind there are."""
    return sum(row.kind == kind for row in rows)


@dataclass(frozen=True, slots=True)
class GroupTitle:
    """A group as the head of a column or the word of a choice."""

    group: Group

    @property
    def value(self) -> str:
        return self.group.value

    @property
    def title(self) -> str:
        return GROUP_LABELS[self.group]


def licences(voter: Voter[int]) -> str:
    """The licences of a company on the day."""
    return "、".join(label(licence) for licence in sorted(voter.licences, key=list(Licence).index))


def holders(reading: Reading, family: Family, group: Group) -> str:
    """Who of a family votes in a group, with how many votes; empty where nobody of it is in the group."""
    unit = next((found for node in family.nodes if (found := reading.unit_of[group].get(node)) is not None), None)
    return f"{reading.name(unit.holder)}　{reading.votes(unit):,}票" if unit is not None else ""


def unequal(reading: Reading) -> frozenset[Group]:
    """The groups that are divided by another policy than equally."""
    return frozenset(group for group in Group if reading.calculation.settings.policy(group) is not VotePolicy.EQUAL)


@dataclass(frozen=True, slots=True)
class PolicyInWords:
    """How a group is divided by the settings of its assembly."""

    title: str
    words: str


def policies(settings: Mapping[str, Any]) -> list[PolicyInWords]:
    """How each group is divided."""
    read = read_settings(settings)
    return [PolicyInWords(group_title(group), POLICY_LABELS[read.policy(group)]) for group in Group]
