"""`votes`: the calculation of votes and decisions on a file, without the register, for whoever checks it."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import click
from flask.cli import AppGroup

from occto.cli.refusals import refusals_as_exit
from occto.domain.codes import Licence
from occto.domain.errors import Refusal
from occto.domain.tally import CHOICE_LABELS, OUTCOME_LABELS, Resolution, decide
from occto.domain.text import quote
from occto.domain.votes import Allocation, Election, Finding, Group, Roll, Voter, allocate, in_force

_LICENCES = {
    "小売": Licence.RETAIL,
    "一般送配電": Licence.GTD,
    "送電": Licence.TRANS,
    "配電": Licence.DIST,
    "特定送配電": Licence.SPTD,
    "登録特定送配電": Licence.RSPTD,
    "発電": Licence.GEN,
    "特定卸供給": Licence.AGG,
}
_CHOICES = {word: choice for choice, word in CHOICE_LABELS.items()}
_KINDS = {"ordinary": Resolution.ORDINARY, "special": Resolution.SPECIAL}
_WARNINGS = {
    "empty_group": "会員のいないグループがあります。その分の議決権は、ほかに配分されません。",
    "capital_missing": "資本金の登録がない会社を、資本金 0円として比べました。",
    "roster_missing": "名簿番号のない会社が、名簿の順で比べられました。",
    "roster_shared": "名簿番号が同じ会社があります。",
    "election_ignored": "届出に挙げられた会社が、その親法人の会社ではないため、届出を用いませんでした。",
    "cycle": "親子の関係が輪になっています。",
}


def register(group: AppGroup) -> None:
    """Add the command to `group`."""
    group.add_command(votes)


@click.command("votes")
@click.argument("file", type=click.Path(path_type=Path))
@refusals_as_exit
def votes(file: Path) -> None:
    """FILE(JSON)の会員と資本関係から、議決権の配分と採決を計算する。"""
    given = _object(_read(file), "ファイル全体")
    allocations: dict[str, Allocation[str]] = {}
    members: dict[str, set[str]] = {}
    for place, case in _cases(given, "allocation", allocations):
        roll, members[place] = _roll(case, place)
        allocations[place] = allocate(roll)
        for finding in (*allocations[place].errors, *allocations[place].warnings):
            click.echo(_finding(place, finding), err=True)
    decisions: dict[str, Any] = {}
    for place, case in _cases(given, "decisions", decisions):
        decisions[place] = _decision(case, place, allocations, members)
    shown = {"allocation": {key: _shown(value) for key, value in allocations.items()}, "decisions": decisions}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=1))


def _finding(place: str, finding: Finding[str]) -> str:
    about = "、".join(quote(node) for node in finding.nodes[:5]) or (finding.group or "")
    return f"注意 {quote(place)} {about} {_WARNINGS[finding.code]}"


def _shown(allocation: Allocation[str]) -> dict[str, Any]:
    return {
        "per_group_total": allocation.per_group_total,
        "total": allocation.total,
        "units": {
            group.value: [
                {"holder": unit.holder, "members": list(unit.members), "reason": unit.reason.value} for unit in units
            ]
            for group, units in allocation.units.items()
        },
        "weights": {
            node: {"by_group": {group.value: votes for group, votes in held.items()}, "total": allocation.weight(node)}
            for node, held in sorted(allocation.weights.items())
        },
    }


def _roll(case: Mapping[str, Any], place: str) -> tuple[Roll[str], set[str]]:
    """The roll on the record date of a case, and every member that the case names."""
    day = _day(_part(case, "record_date", place), place)
    voters, named = [], set()
    for member in _list(_part(case, "members", place), f"{place} の members"):
        voter, begin, end = _member(_object(member, f"{place} の members"), place)
        if voter.node in named:
            _refuse(place, f"会員{quote(voter.node)}が二度挙げられています")
        named.add(voter.node)
        if in_force(begin, end, day) and voter.licences:
            voters.append(voter)
    parents = _object(_part(case, "parent_of", place), f"{place} の parent_of")
    parent_of = {_text(child, place): _text(parent, place) for child, parent in parents.items()}
    elections = [
        _election(_object(each, f"{place} の elections"), place)
        for each in _list(_part(case, "elections", place), f"{place} の elections")
    ]
    return Roll(voters, parent_of, elections), named


def _member(given: Mapping[str, Any], place: str) -> tuple[Voter[str], date | None, date | None]:
    node = _text(_part(given, "id", place), place)
    where = f"{place} の会員 {node}"
    words = [_text(word, where) for word in _list(_part(given, "licences", where), where)]
    unknown = [word for word in words if word not in _LICENCES]
    if unknown:
        _refuse(where, f"区分{quote(unknown[0])}がありません。区分は {'、'.join(_LICENCES)} です")
    capital = _part(given, "capital", where)
    begin, end = _part(given, "effective_from", where), _part(given, "effective_to", where)
    voter = Voter(
        node,
        _whole(_part(given, "roster_no", where), where),
        None if capital is None else _whole(capital, where),
        frozenset(_LICENCES[word] for word in words),
    )
    return voter, _day(begin, where), None if end is None else _day(end, where)


def _election(given: Mapping[str, Any], place: str) -> Election[str]:
    group = _text(_part(given, "group", place), place)
    if group != "*" and group not in list(Group):
        _refuse(place, f"グループ{quote(group)}がありません。グループは N、R、G、* です")
    root, holder = (_text(_part(given, key, place), place) for key in ("root", "holder"))
    return Election(None if group == "*" else Group(group), root, holder)


def _decision(
    case: Mapping[str, Any], place: str, allocations: Mapping[str, Allocation[str]], members: Mapping[str, set[str]]
) -> dict[str, Any]:
    of = _text(_part(case, "weights_of", place), place)
    if of not in allocations:
        _refuse(place, f"weights_of の{quote(of)}が allocation にありません")
    kind = _one_of(_KINDS, _part(case, "kind", place), place)
    given = _object(_part(case, "votes", place), f"{place} の votes")
    choices = {node: _one_of(_CHOICES, word, place) for node, word in given.items()}
    excluded = {_text(node, place) for node in _list(_part(case, "excluded", place), f"{place} の excluded")}
    strangers = sorted((set(choices) | excluded) - members[of])
    if strangers:
        _refuse(place, f"{quote(strangers[0])}は{quote(of)}の会員にありません")
    weights = {node: allocations[of].weight(node) for node in choices}
    decision = decide(choices, weights, resolution=kind, excluded=excluded)
    return {
        "yes": decision.yes,
        "no": decision.no,
        "abstain": decision.abstain,
        "present": decision.present,
        "result": OUTCOME_LABELS[decision.result],
    }


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes(), object_pairs_hook=_once_each)
    except OSError:
        raise Refusal("unreadable", f"ファイル{quote(str(file))}を読めません。場所と権限をお確かめください。") from None
    except (ValueError, RecursionError):
        raise Refusal(
            "not_json", f"ファイル{quote(str(file))}は JSON として読めません。内容をお確かめください。"
        ) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once: of two parents of one company neither may be dropped without a word."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _refuse("ファイル", f"{quote(key)}が同じところに二度あります")
        found[key] = value
    return found


def _cases(given: Mapping[str, Any], key: str, done: Mapping[str, Any]) -> Any:
    for each in _list(_part(given, key, "ファイル全体"), key):
        case = _object(each, key)
        place = _text(_part(case, "id", key), key)
        if place in done:
            _refuse(key, f"id {quote(place)}が二度あります")
        yield place, case


def _refuse(place: str, why: str) -> NoReturn:
    raise Refusal("not_of_this_shape", f"{quote(place)}: {why}。ファイルをお確かめください。")


def _part(given: Mapping[str, Any], key: str, place: str) -> Any:
    if key not in given:
        _refuse(place, f"{key} がありません")
    return given[key]


def _typed(kind: type, words: str) -> Callable[[Any, str], Any]:
    def checked(value: Any, place: str) -> Any:
        if not isinstance(value, kind) or isinstance(value, bool):
            _refuse(place, f"{words}のはずのところが違う形です")
        return value

    return checked


_object = _typed(dict, "オブジェクト（{ … }）")
_list = _typed(list, "配列（[ … ]）")
_string = _typed(str, "文字列")
_integer = _typed(int, "整数")


def _text(value: Any, place: str) -> str:
    text: str = _string(value, place)
    if not text or any("\ud800" <= sign <= "\udfff" for sign in text):
        _refuse(place, "文字列が空か、文字として読めません")
    return text


def _whole(value: Any, place: str) -> int:
    number: int = _integer(value, place)
    if number < 0:
        _refuse(place, "0 以上の整数のはずのところが負の数です")
    return number


def _day(value: Any, place: str) -> date:
    text = _text(value, place)
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse(place, f"{quote(text)}は日付（2026-11-23 の形）ではありません")


def _one_of(words: Mapping[str, Any], value: Any, place: str) -> Any:
    word = _text(value, place)
    if word not in words:
        _refuse(place, f"{quote(word)}は {'、'.join(words)} のどれでもありません")
    return words[word]
