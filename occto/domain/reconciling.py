"""照合: a list from elsewhere against the register, member by member. Nothing is written."""

from collections.abc import Iterable
from dataclasses import dataclass

from occto.domain.codes import Licence


@dataclass(frozen=True, slots=True)
class Listed:
    """A company of a list or of the register; `row` is the number of its row. None: the list does not say."""

    code: str | None
    number: str | None
    name: str | None
    licences: frozenset[Licence] | None
    row: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True)
class Different:
    """A company on both sides: `column` says what differs, as codes of the columns."""

    here: Listed
    there: Listed
    column: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a list and the register do not have in common."""

    only_here: tuple[Listed, ...]
    only_there: tuple[Listed, ...]
    different: tuple[Different, ...]
    same: int


def reconcile(here: Iterable[Listed], there: Iterable[Listed]) -> Reconciled:
    """Match by 事業者コード, else by 法人番号. Members that have left count as here only for finding them."""
    register = list(here)
    by_code = {one.code: one for one in register if one.code}
    by_number = {one.number: one for one in register if one.number}
    met: set[str | None] = set()
    only_there: list[Listed] = []
    different: list[Different] = []
    same = 0
    for listed in there:
        found = (by_code.get(listed.code) if listed.code else None) or (
            by_number.get(listed.number) if listed.number else None
        )
        if found is None:
            only_there.append(listed)
            continue
        met.add(found.code)
        columns = _differing(found, listed)
        different += [Different(found, listed, column) for column in columns]
        same += not columns
    only_here = tuple(one for one in register if not one.left and one.code not in met)
    return Reconciled(only_here, tuple(only_there), tuple(different), same)


def _differing(here: Listed, there: Listed) -> list[str]:
    pairs = (
        ("operator_code", here.code, there.code),
        ("corporate_number", here.number, there.number),
        ("name", here.name, there.name),
        ("licences", here.licences, there.licences),
    )
    columns = [column for column, own, other in pairs if other is not None and own != other]
    return [*columns, *(["state"] if here.left else [])]
