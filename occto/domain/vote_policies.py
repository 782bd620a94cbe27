"""How the votes of a group are divided among its units where it is not equally (業務: `domain` 5.2, other policies).

Exact: shares are fractions that add up to 1 in every group. A unit is one voter, a company or a family deemed one member;
who of it holds the votes changes nothing in its share.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.errors import Refusal
from occto.domain.votes import Group, N, Policy, Unit, equal, group_title

THIRD_OF_ALL = Fraction(1)
"""A third of all votes, counted in totals of one group: there are three."""
LARGEST_PART = 1_000_000
"""Numerators and denominators of a table: larger ones make totals that nobody can read out."""
Table = Mapping[int, tuple[int, int]]


def policies_of(
    settings: AssemblySettings, node_of: Mapping[int, N], *, name: Callable[[N], str]
) -> Mapping[Group, Policy]:
    """The policies of an assembly for `allocate`. `node_of` leads from a member to its node; whoever is not in it is not on
    the roll and passed over. Each policy refuses what it cannot divide, naming companies by `name`.
    """
    policies: dict[Group, Policy] = dict.fromkeys(Group, equal)
    for group, policy in settings.policies.items():
        if policy is VotePolicy.MANUAL:
            table = settings.shares.get(group, {})
            policies[group] = manual(
                {node_of[member]: Fraction(*part) for member, part in table.items() if member in node_of}, name=name
            )
        elif policy is VotePolicy.FORMER_GDU_THIRD:
            named = frozenset(node_of[member] for member in settings.former_gdus if member in node_of)
            policies[group] = former_gdu_third(named, policies)
    return policies


def manual(table: Mapping[N, Fraction], *, name: Callable[[N], str]) -> Policy:
    """個別の割合: every unit has the share of its holder, or of the one company of it that the table names.

    Refusals (field shares_N, shares_R or shares_G): share_missing, share_twice (two of one family), share_outside (not in
    the group), shares_sum.
    """

    def policy(group: Group, units: Mapping[Group, Sequence[Unit[Any]]]) -> Sequence[Fraction]:
        shares, used = [], set()
        for unit in units[group]:
            named = [node for node in unit.members if node in table]
            if not named:
                raise _refusal(
                    "share_missing", group, f"{name(unit.holder)}の割合がありません。割合の表に加えてください。"
                )
            if len(named) > 1:
                both = "と".join(name(node) for node in named[:2])
                raise _refusal(
                    "share_twice",
                    group,
                    f"{both}は、このグループでは1社とみなされます。割合の表には、どちらか1社だけを入れてください。",
                )
            used.add(named[0])
            shares.append(table[named[0]])
        stray = sorted(set(table) - used)
        if stray:
            raise _refusal(
                "share_outside",
                group,
                f"{name(stray[0])}は、基準日にこのグループの会員ではありません。割合の表から除いてください。",
            )
        if sum(shares) != 1:
            raise _sum(group, sum(shares, Fraction(0)))
        return shares

    return policy


def former_gdu_third(named: Collection[N], policies: Mapping[Group, Policy]) -> Policy:
    """旧一般電気事業者 3分の1: the units with a company of `named` hold a third of all votes together (2016 draft).

    a, b: what they hold of 小売 and 発電, as those groups are divided by `policies`. Of 送配電, x = max(0, 1 - a - b) is
    split equally among them and 1 - x among the rest. Refusal former_gdu_units (field former_gdus): a part of 送配電 has
    nobody to go to.
    """

    def held(group: Group, units: Mapping[Group, Sequence[Unit[Any]]]) -> Fraction:
        shares = policies[group](group, units) if units[group] else ()
        return sum(
            (share for unit, share in zip(units[group], shares, strict=True) if _is_of(unit, named)), Fraction(0)
        )

    def policy(group: Group, units: Mapping[Group, Sequence[Unit[Any]]]) -> Sequence[Fraction]:
        theirs = max(Fraction(0), THIRD_OF_ALL - held(Group.R, units) - held(Group.G, units))
        marked = [_is_of(unit, named) for unit in units[group]]
        parts = {True: theirs, False: 1 - theirs}
        for side, part in parts.items():
            if part and side not in marked:
                who = "旧一般電気事業者" if side else "旧一般電気事業者以外の会員"
                raise Refusal(
                    "former_gdu_units",
                    f"送配電グループに{who}がいないため、この方法では分けられません。会員の指定か、分け方をお確かめください。",
                    field="former_gdus",
                )
        return [parts[side] / marked.count(side) for side in marked]

    return policy


def _is_of(unit: Unit[N], named: Collection[N]) -> bool:
    return any(node in named for node in unit.members)


def check_policies(settings: AssemblySettings) -> None:
    """What can be told before the roll is known.

    Refusals: policy_group (旧一般電気事業者 3分の1 divides 送配電 alone), former_gdus_missing, shares_missing, share_range,
    shares_sum.
    """
    for group, policy in settings.policies.items():
        if policy is VotePolicy.MANUAL:
            _check_table(group, settings.shares.get(group, {}))
        elif policy is VotePolicy.FORMER_GDU_THIRD:
            if group is not Group.N:
                raise Refusal(
                    "policy_group",
                    "「旧一般電気事業者 3分の1」は、送配電グループだけに使う分け方です。ほかの分け方をお選びください。",
                    field=f"policy_{group.value}",
                )
            if not settings.former_gdus:
                raise Refusal(
                    "former_gdus_missing",
                    "旧一般電気事業者にあたる会員の事業者コードを入力してください。",
                    field="former_gdus",
                )


def _check_table(group: Group, table: Table) -> None:
    if not table:
        raise _refusal("shares_missing", group, "割合の表を入力してください。")
    if any(not (0 <= part <= LARGEST_PART and 1 <= whole <= LARGEST_PART) for part, whole in table.values()):
        raise _refusal(
            "share_range", group, f"割合は、0 以上で、分子と分母が {LARGEST_PART:,} までの分数で入力してください。"
        )
    total = sum((Fraction(*part) for part in table.values()), Fraction(0))
    if total != 1:
        raise _sum(group, total)


def _sum(group: Group, total: Fraction) -> Refusal:
    return _refusal(
        "shares_sum",
        group,
        f"割合の合計が 1 になっていません（いまの合計は {total}）。合計が 1 になるように直してください。",
    )


def _refusal(code: str, group: Group, sentence: str) -> Refusal:
    return Refusal(code, f"{group_title(group)}：{sentence}", field=f"shares_{group.value}")
