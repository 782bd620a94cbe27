"""What an entry of staff is made of: parts over the record, rows about licences and relations, corrections, succession."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.answers import relation_in_words
from occto.change_words import ItemInWords, items_in_words, licence_in_words
from occto.domain.canonical import jsonable
from occto.domain.changes import LICENCE, PROFILE_PARTS, RELATION, Part, items_of
from occto.domain.codes import ChangeAct, Licence
from occto.domain.dates import format_date
from occto.domain.errors import NotFound
from occto.domain.profile import ITEMS
from occto.forms.base import BaseForm
from occto.forms.changes import PART_FORMS, LicenceAddForm, RelationAddForm, clean_value, form_values
from occto.forms.staff_entries import (
    CorrectionForm,
    EndLicenceForm,
    EndRelationForm,
    LicenceCorrectionForm,
    RelationCorrectionForm,
    SuccessionForm,
    choose,
    fact_form,
)
from occto.labels import label, show
from occto.models import ChangeRequest, Member
from occto.queries.register import licences_as_of, profile_as_of, relations_as_of
from occto.queries.register.events import ROSTER, Fact, facts_of
from occto.queries.register.history import requests_of
from occto.services.changes.items import items_of_answers, licence_on_record, relation_on_record

ROW_FORMS: dict[tuple[Part, ChangeAct], tuple[str, type[BaseForm]]] = {
    (Part.LICENCES, ChangeAct.ADD): ("区分を追加する", LicenceAddForm),
    (Part.LICENCES, ChangeAct.END): ("区分の終了を入力する", EndLicenceForm),
    (Part.RELATIONS, ChangeAct.ADD): ("資本関係を追加する", RelationAddForm),
    (Part.RELATIONS, ChangeAct.END): ("資本関係の解消を入力する", EndRelationForm),
}
FACT = "fact"


@dataclass(frozen=True, slots=True)
class Standing:
    """A fact that stands, for choosing what is to be corrected. `number`: of the request that it came with."""

    kind: str
    target: int
    title: str
    value: str
    since: str
    number: str
    coming: bool


def standing_facts(session: Session, member_id: int, *, today: date) -> list[Standing]:
    """Everything on record of a member that staff may correct, facts to come included."""
    facts = [one for one in facts_of(session, member_id, today=today) if one.voided_id is None and one.item != ROSTER]
    numbers = requests_of(session, {one.entered_id for one in facts}, member_id=member_id)
    order = [*ITEMS, LICENCE, RELATION]
    facts.sort(key=lambda one: (order.index(one.item), one.effective_on))
    return [_standing(one, numbers.get(one.entered_id, (0, ""))[1] or "", today=today) for one in facts]


def _standing(fact: Fact, number: str, *, today: date) -> Standing:
    if fact.item == LICENCE:
        kind, target, title = LICENCE, int(fact.place), label(Licence(fact.value["category"]))
        words = licence_in_words(fact.value)
    elif fact.item == RELATION:
        kind, target, title = RELATION, int(fact.place), "資本関係"
        words = relation_in_words(fact.value)
    else:
        kind, target, title = FACT, fact.fact_id, ITEMS[fact.item].title
        words = show(ITEMS[fact.item], fact.value) or "（なし）"
    since = f"{format_date(fact.effective_on)}から"
    return Standing(kind, target, title, words, since, number or f"登録 {fact.entered_id}", fact.effective_on > today)


def part_words(
    session: Session, request: ChangeRequest, part: Part, answers: Mapping[str, Any] | None
) -> list[ItemInWords]:
    """What a part asks for, in words; a row that is about something gone is left out."""
    if not answers or part is Part.FILES:
        return []
    try:
        return items_in_words(items_of_answers(session, request.member_id, {part: answers}))
    except NotFound:
        return []


def row_words(
    session: Session, request: ChangeRequest, part: Part, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, str]]:
    """Title, old and new of each row."""
    found = []
    for row in rows:
        words = part_words(session, request, part, {"rows": [row]})
        found.append(
            (words[0].title, words[0].old, words[0].new) if words else ("登録が変わった行", "", "外してください。")
        )
    return found


def profile_form(session: Session, request: ChangeRequest, part: Part, answers: Mapping[str, Any] | None) -> BaseForm:
    """The form of a part over the record, with what was entered in place of it."""
    if part not in PROFILE_PARTS:
        raise NotFound
    given = dict(answers or {})
    day = date.fromisoformat(given["effective_on"]) if given else request.occurred_on
    assert day is not None
    data = form_values(part, profile_as_of(session, request.member_id, day))
    data |= {key: clean_value(ITEMS[key], value) for key, value in given.items() if key in ITEMS}
    return PART_FORMS[part](data=data | {"effective_on": day})


def profile_answers(session: Session, request: ChangeRequest, part: Part, form: BaseForm) -> dict[str, Any]:
    """The day, and the items whose value differs from the record of that day."""
    clean: dict[str, Any] = jsonable(form.cleaned())
    before = profile_as_of(session, request.member_id, date.fromisoformat(clean["effective_on"]))
    differing = {
        item.key: clean[item.key]
        for item in items_of(part)
        if (clean[item.key] or None) != (before.get(item.key) or None)
    }
    return {"effective_on": clean["effective_on"], **differing}


def row_form(
    session: Session, request: ChangeRequest, part: Part, act: ChangeAct, sent: Any, *, today: date
) -> tuple[str, BaseForm]:
    """Title and form of a new row of the part; NotFound where the part has no such row."""
    if (part, act) not in ROW_FORMS:
        raise NotFound
    title, form_class = ROW_FORMS[part, act]
    form = form_class(sent, today=today)
    if isinstance(form, EndLicenceForm):
        held = licences_as_of(session, request.member_id, today)
        choose(form, "licence_id", [(str(one.licence_id), _licence_choice(one)) for one in held])
    if isinstance(form, EndRelationForm):
        found = [one for one in relations_as_of(session, request.member_id, today) if one.ended_on is None]
        choose(form, "relation_no", [(str(one.relation_no), f"{label(one.relation)}　{one.name}") for one in found])
    return title, form


def _licence_choice(one: Any) -> str:
    return f"{label(one.category)}　{format_date(one.effective_on)}から　{one.number or '番号なし'}"


def row_answers(form: BaseForm, act: ChangeAct, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The row as answers hold it, with the number that it keeps."""
    number = max((int(row.get("n", 0)) for row in rows), default=0) + 1
    if isinstance(form, RelationAddForm):
        row = jsonable(form.clean_row())
        return {"n": number, "act": act.value, "row": row, "effective_on": row["acquired_on"]}
    clean: dict[str, Any] = jsonable(form.cleaned())
    if isinstance(form, EndRelationForm):
        return {
            "n": number,
            "act": act.value,
            "relation_no": int(clean["relation_no"]),
            "effective_on": clean["ended_on"],
        }
    if isinstance(form, EndLicenceForm):
        clean["licence_id"] = int(clean["licence_id"])
    return {"n": number, "act": act.value, **clean}


def correction_form(
    session: Session, request: ChangeRequest, kind: str, target: int, sent: Any, *, today: date
) -> tuple[Standing, CorrectionForm]:
    """The fact that is to be corrected and its form; NotFound where it does not stand, or is another member's."""
    found = next(
        (
            one
            for one in standing_facts(session, request.member_id, today=today)
            if (one.kind, one.target) == (kind, target)
        ),
        None,
    )
    if found is None:
        raise NotFound
    if kind == LICENCE:
        held = licence_on_record(session, request.member_id, target)
        return found, LicenceCorrectionForm(sent, data=_as_dates(held), today=today)
    if kind == RELATION:
        row = _as_dates(relation_on_record(session, request.member_id, target))
        row["controlling"] = "YES" if row["controlling"] else "NO"
        return found, RelationCorrectionForm(sent, data=row, today=today)
    fact = next(
        one for one in facts_of(session, request.member_id, today=today) if one.fact_id == target and one.item in ITEMS
    )
    item = ITEMS[fact.item]
    data = {"value": clean_value(item, fact.value), "effective_on": fact.effective_on}
    return found, fact_form(item)(sent, data=data, today=today)


_DAYS = ("effective_on", "ended_on", "acquired_on")


def _as_dates(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: date.fromisoformat(value) if key in _DAYS and value else value for key, value in row.items()}


def correction_answers(
    session: Session, request: ChangeRequest, found: Standing, form: CorrectionForm, *, today: date
) -> dict[str, Any]:
    """The row as answers hold it."""
    act, name = ChangeAct(form.act.data), {LICENCE: "licence_id", RELATION: "relation_no", FACT: "fact_id"}[found.kind]
    row: dict[str, Any] = {"kind": found.kind, "act": act.value, name: found.target}
    if found.kind == FACT:
        row["item"] = next(
            one.item
            for one in facts_of(session, request.member_id, today=today)
            if one.fact_id == found.target and one.item in ITEMS
        )
    if found.kind == RELATION:
        held = relation_on_record(session, request.member_id, found.target)
        row["effective_on"] = held["acquired_on"]
    if act is ChangeAct.VOID:
        return row
    if isinstance(form, RelationCorrectionForm):
        corrected = jsonable(form.row())
        return row | {"row": corrected, "effective_on": corrected["acquired_on"] or row["effective_on"]}
    clean: dict[str, Any] = jsonable(form.cleaned())
    del clean["act"]
    if found.kind == LICENCE:
        clean["end_reason"] = clean["end_reason"] or None
    return row | clean


def same_target(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both rows are about the same fact: the later one takes the place of the earlier."""
    names = ("fact_id", "licence_id", "relation_no")
    return row["kind"] == other["kind"] and any(row.get(name) == other.get(name) for name in names if name in row)


def succession_form(
    session: Session,
    request: ChangeRequest,
    answers: Mapping[str, Any] | None,
    found: Sequence[Member],
    sent: Any,
    *,
    today: date,
) -> SuccessionForm:
    """The form with the members found and the licences held to choose from."""
    data = _as_dates(answers) if answers else {}
    if answers:
        data |= {"successor_id": str(answers["successor_id"]), "licences": [str(one) for one in answers["licences"]]}
    form = SuccessionForm(sent, data=data, today=today)
    held = [one for one in licences_as_of(session, request.member_id, today) if one.ended_on is None]
    choose(form, "licences", [(str(one.licence_id), _licence_choice(one)) for one in held])
    choose(
        form,
        "successor_id",
        [(str(one.id), f"{one.current_name}（事業者コード {one.operator_code}）") for one in found],
    )
    return form


def succession_answers(
    session: Session, request: ChangeRequest, form: SuccessionForm, found: Sequence[Member], *, today: date
) -> dict[str, Any]:
    """The answers of 合併・承継."""
    clean: dict[str, Any] = jsonable(form.cleaned())
    chosen = [int(one) for one in clean["licences"]]
    held = {one.licence_id: one.category.value for one in licences_as_of(session, request.member_id, today)}
    successor = next(one for one in found if str(one.id) == clean["successor_id"])
    return {
        "effective_on": clean["effective_on"],
        "successor_id": successor.id,
        "successor_name": successor.current_name,
        "licences": chosen,
        "categories": [held[one] for one in chosen if one in held],
        "consent_on": clean["consent_on"],
    }
