"""The parts that are items of 会員情報: filled in over what is on record; only what differs from it is kept.

The page carries the day and the register change that it was drawn from, so that an input left as it was stays «unchanged»
although somebody changed the record in the meantime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from occto.access import actor, permit
from occto.domain.canonical import jsonable
from occto.domain.changes import PROFILE_PARTS, Part, items_of
from occto.domain.dates import format_date
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.changes import PART_FORMS, WAYS, clean_value, form_values, way_of
from occto.labels import show
from occto.queries import register
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from occto.views.changes.blueprint import Case, case_to_edit, chosen, load_case, pages, seen_version, tasks_url, title
from occto.views.filling import GROUP_NOTES, GROUPS, grouped_fields, other_values, with_address

DAY = "effective_on"


@dataclass(frozen=True)
class Base:
    """What the inputs of a page were filled with: the record as of `day`, as known at the change `known`."""

    part: Part
    day: date
    known: int
    profile: dict[str, Any]

    def form(self, case: Case, typed: Mapping[str, Any]) -> BaseForm:
        """The form over the record, with what was typed in place of it."""
        raw = self._blank(case).raw_values() | {DAY: self.day.isoformat()} | dict(typed)
        return _dressed(PART_FORMS[self.part].from_raw(raw, today=case.today), case, self)

    def _blank(self, case: Case) -> BaseForm:
        return PART_FORMS[self.part](data=form_values(self.part, self.profile), today=case.today)

    def touched(self, case: Case, form: BaseForm) -> dict[str, Any]:
        """What was typed where it differs from what the page was filled with."""
        given = self._blank(case).raw_values()
        return {name: raw for name, raw in form.raw_values().items() if name != DAY and raw != given[name]}


def _base(case: Case, part: Part, *, day: date, known: int | None = None) -> Base:
    session = db.session()
    seen = register.newest_change(session) if known is None else known
    profile = register.profile_as_of(session, case.request.member_id, day, known=seen)
    return Base(part, day, seen, profile)


def _base_of_page(case: Case, part: Part) -> Base:
    """What the page that was sent had been filled with; hidden inputs nobody can gain anything by changing."""
    known = request.form.get("seen_change", type=int)
    if known is not None and not 0 <= known < 2**62:
        known = None
    try:
        day = date.fromisoformat(request.form.get("seen_day", ""))
    except ValueError:
        day = case.occurred_on
    return _base(case, part, day=day, known=known)


def _dressed(form: BaseForm, case: Case, base: Base) -> BaseForm:
    """The form with its bounds, and beside each input how it takes effect and what is on record where it differs."""
    form.not_before = ((case.occurred_on, "事由発生日"),)
    blank = PART_FORMS[base.part](data=form_values(base.part, base.profile)).raw_values()
    same_way = _same_way(base.part)
    day = form[DAY]
    day.hint = f"{day.hint}変えていない欄には、{format_date(base.day)}時点の登録の内容が入っています。"
    for item in items_of(base.part):
        field = form[item.key]
        ways = [] if same_way else [way_of(item)]
        if field.raw_value != blank[item.key]:
            ways.append(f"いまの登録：{show(item, base.profile.get(item.key)) or '（なし）'}")
        field.hint = "".join(filter(None, [item.hint, *ways]))
    return form


def _same_way(part: Part) -> str:
    """The way in which all items of the part take effect, where it is one."""
    classes = {item.change for item in items_of(part)}
    return WAYS[classes.pop()] if len(classes) == 1 else ""


def _typed(case: Case, part: Part) -> dict[str, Any]:
    """What was typed; after the office has divided a request, its answers stand in place of it."""
    draft = case.drafts[part.value]
    if draft.typed or draft.answers is None:
        return dict(draft.typed)
    answers = {
        key: clean_value(ITEMS[key], value) if key in ITEMS else date.fromisoformat(value)
        for key, value in draft.answers.items()
    }
    form = PART_FORMS[part](data=answers)
    return {name: raw for name, raw in form.raw_values().items() if name in answers}


def _day_of(case: Case, typed: Mapping[str, Any], part: Part) -> date:
    """The day the draft says, for showing the record as of it; the day of occurrence where it says none."""
    form = PART_FORMS[part].from_raw({DAY: typed.get(DAY, "")}, today=case.today)
    day: date | None = form[DAY].data
    return day or case.occurred_on


@pages.get("/<int:request_id>/parts/<string(maxlength=40):part>")
@permit(Permission.CHANGE_FILE)
def part(request_id: int, part: str) -> str:
    case = case_to_edit(request_id)
    which = _part(case, part)
    typed = _typed(case, which)
    base = _base(case, which, day=_day_of(case, typed, which))
    form = base.form(case, typed)
    draft = case.drafts[which.value]
    if draft.answers is None and draft.errors:
        form.validate()
    return _page(case, form, base)


def _part(case: Case, name: str) -> Part:
    known = {part.value: part for part in PROFILE_PARTS}
    if name not in known:
        raise NotFound
    return chosen(case, known[name])


def _page(
    case: Case,
    form: BaseForm,
    base: Base,
    *,
    version: int | None = None,
    other: list[tuple[str, str]] | None = None,
    saved: bool = True,
    filled: bool = False,
) -> str:
    part = base.part
    section = PROFILE_PARTS[part]
    return render_template(
        "changes/part.html",
        case=case,
        title=title(part),
        form=form,
        errors=bool(form.errors or form.form_errors),
        way=_same_way(part),
        groups=GROUPS.get(part.value, ()),
        grouped=grouped_fields(part.value) | {DAY},
        notes=GROUP_NOTES,
        personal=section.personal,
        version=case.version(part) if version is None else version,
        base=base,
        remarks=case.remarks_in_words(part),
        other=other,
        saved=saved,
        filled=filled,
    )


@pages.post("/<int:request_id>/parts/<string(maxlength=40):part>")
@permit(Permission.CHANGE_FILE)
def save_part(request_id: int, part: str) -> str | Response:
    case = load_case(request_id)
    which = _part(case, part)
    base = _base_of_page(case, which)
    form = _dressed(PART_FORMS[which](request.form, today=case.today), case, base)
    if request.form.get("fill"):
        form = with_address(form, lambda raw: base.form(case, raw))
        return _page(case, form, base, version=seen_version(), saved=False, filled=not form.errors)
    good, touched = form.validate(), base.touched(case, form)
    clean = form.cleaned()
    try:
        run(
            verbs.save_part,
            request_id,
            which,
            typed={DAY: form[DAY].raw_value, **touched},
            answers=jsonable({name: clean[name] for name in (DAY, *touched)}) if good else None,
            errors=len(form.refused_fields()),
            seen_version=seen_version(),
            actor=actor(),
            now=case.now,
        )
    except Stale as stale:
        return _conflict(request_id, which, form, base, stale)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        form.add_error(None, refusal.sentence)
        return _page(load_case(request_id), form, base, saved=False)
    return _saved(load_case(request_id), form, base, good=good, changed=bool(touched))


def _saved(case: Case, form: BaseForm, base: Base, *, good: bool, changed: bool) -> str | Response:
    back = request.form.get("then") == "tasks"
    if good:
        if not changed:
            flash(
                f"「{title(base.part)}」は、いまの登録と同じ内容です。変更がないときは、申請の内容から外してください。",
                "warning",
            )
        return redirect(tasks_url(case) if back else case.next_url(base.part), 303)
    if back and form.is_savable_draft:
        flash("入力の途中まで保存しました。", "success")
        return redirect(tasks_url(case), 303)
    return _page(case, form, base)


def _conflict(request_id: int, part: Part, form: BaseForm, base: Base, stale: Stale) -> str:
    """Keep what was typed and show beside it what somebody saved in the meantime."""
    case = load_case(request_id)
    if not case.may_edit:
        raise stale
    saved = base.form(case, _typed(case, part))
    form.add_error(None, stale.sentence)
    return _page(case, form, base, other=other_values(saved, form), saved=False)
