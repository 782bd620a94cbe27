"""Why a company holds the votes of its unit or does not, in words with the facts: for staff, and for the member itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from occto.domain.dates import format_date
from occto.domain.vote_facts import Facts, Grounds, Link, grounds
from occto.domain.votes import Reason, Unit, group_title

NAMED = 3
"""Companies of a family that a reason names; of more it gives the number."""
Name = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class ReasonInWords:
    """What decided, and the sentences with its facts."""

    title: str
    facts: tuple[str, ...]

    @property
    def whole(self) -> str:
        """All of it in one text."""
        return "。".join((self.title, "")) + "".join(self.facts)


def reason_with_facts(unit: Unit[int], node: int, facts: Facts[int], *, name: Name) -> ReasonInWords:
    """The reason of a company's weight in a group. `name` names a company, the reader's own as 貴社."""
    if len(unit.members) == 1:
        return ReasonInWords("単独で行使", ("このグループに、資本関係のある会社はありません。",))
    seen = grounds(unit, node, facts)
    return _holding(seen, facts, name) if node == unit.holder else _held(seen, facts, name)


def _holding(seen: Grounds[int], facts: Facts[int], name: Name) -> ReasonInWords:
    others = [node for node in seen.unit.members if node != seen.node]
    number = f"{len(others):,}社"
    if seen.unit.reason is Reason.PARENT:
        lines = [_controlled(facts.line(node, until=seen.node), name) for node in others[:NAMED]]
        return ReasonInWords(f"子法人 {number}をまとめて行使（規則1）", (*lines, *_more(others)))
    if seen.unit.reason is Reason.ELECTION:
        who = _list([name(node) for node in others[:NAMED]], len(others))
        return ReasonInWords(
            f"届出により {number}をまとめて行使",
            (f"まとめて行使するのは、{who}の分です。", *_without_election(seen, name)),
        )
    return ReasonInWords(
        f"同じ親法人の {number}をまとめて行使（規則2）", (_common_parent(seen, name), _compared(seen, facts, name))
    )


def _held(seen: Grounds[int], facts: Facts[int], name: Name) -> ReasonInWords:
    unit, holder = seen.unit, name(seen.unit.holder)
    together = f"{name(seen.node)}と{holder}がともに{group_title(unit.group)}に属するため、1社とみなして集約します。"
    if unit.reason is Reason.PARENT:
        return ReasonInWords(f"親法人 {holder} に集約（規則1）", (*_line(seen.line, name), together))
    if unit.reason is Reason.ELECTION:
        return ReasonInWords(
            f"届出により {holder} に集約",
            (
                f"資本関係のある会社から、{holder}が議決権を行使すると届出がありました。",
                *_line(seen.line, name),
                *_without_election(seen, name),
            ),
        )
    below = _line(facts.line(seen.node, until=seen.top), name) if seen.top != seen.node else ()
    rule = "資本金が最も大きい" if unit.reason is Reason.CAPITAL else "資本金が同額で、名簿の順が最も早い"
    return ReasonInWords(
        f"{rule} {holder} に集約（規則2）", (*below, _common_parent(seen, name), _compared(seen, facts, name))
    )


def _line(line: Sequence[Link[int]], name: Name) -> tuple[str, ...]:
    """One sentence for each relation upwards."""
    return tuple(f"{name(link.child)}の親法人は{name(link.parent)}（{of_link(link)}）です。" for link in line)


def _controlled(line: Sequence[Link[int]], name: Name) -> str:
    """A subsidiary with the relation that makes it one; with those between, where there are any."""
    through = [name(link.parent) for link in line[:-1]]
    by = f"、{'、'.join(through)}を通じて" if through else ""
    return f"{name(line[0].child)}は子法人です（{of_link(line[0])}{by}）。" if line else ""


def of_link(link: Link[int]) -> str:
    """議決権の 62 % を保有、2019年10月1日から."""
    ratio = f"議決権の {percent(link.ratio_bp)} % を保有、" if link.ratio_bp is not None else ""
    return f"{ratio}{format_date(link.since)}から"


def percent(basis_points: int) -> str:
    """Basis points as a percentage: 6200 is 62, 5025 is 50.25."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0") if part else f"{whole}"


def _common_parent(seen: Grounds[int], name: Name) -> str:
    who = _list([name(node) for node in seen.survivors[:NAMED]], len(seen.survivors))
    parent = name(seen.unit.root)
    return f"{who}は、ともに{parent}の子法人です（{parent}は、このグループで議決権を行使する会員ではありません）。"


def _compared(seen: Grounds[int], facts: Facts[int], name: Name) -> str:
    """The figures that rule 2 compared: of the first, of the one looked at, else of the second."""
    first = seen.survivors[0]
    other = seen.top if seen.top != first else seen.survivors[1]
    if seen.by_rules is Reason.CAPITAL:
        return f"資本金は、{name(first)}が {_yen(first, facts)}、{name(other)}が {_yen(other, facts)}です。"
    tied = [each for each in seen.survivors if (facts.capital.get(each) or 0) == (facts.capital.get(first) or 0)]
    if other not in tied:
        return f"資本金は、{name(first)}が {_yen(first, facts)}、{name(other)}が {_yen(other, facts)}です。"
    return (
        f"資本金はともに {_yen(first, facts)}で、名簿番号は、{name(first)}が {_number(first, facts)}、"
        f"{name(other)}が {_number(other, facts)}です。"
    )


def _without_election(seen: Grounds[int], name: Name) -> tuple[str, ...]:
    """Whom the rules would have chosen, where the election chose another."""
    first = seen.survivors[0]
    if first == seen.unit.holder:
        return ()
    rule = "規則1" if seen.by_rules is Reason.PARENT else "規則2"
    return (f"届出がなければ、{name(first)}に集約されます（{rule}）。",)


def _yen(node: int, facts: Facts[int]) -> str:
    capital = facts.capital.get(node)
    return f"{capital:,}円" if capital is not None else "登録なし（0円として比較）"


def _number(node: int, facts: Facts[int]) -> str:
    number = facts.roster.get(node)
    return f"{number:,}番" if number is not None else "登録なし（名簿の最後として比較）"


def _list(names: Sequence[str], number: int) -> str:
    more = f"ほか {number - len(names):,}社" if number > len(names) else ""
    return "、".join([*names, more] if more else names)


def _more(others: Sequence[int]) -> tuple[str, ...]:
    return (f"ほかに子法人が {len(others) - NAMED:,}社あります。",) if len(others) > NAMED else ()
