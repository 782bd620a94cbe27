"""提出前の確認: from what to what, what takes effect how, what is still missing; then the submission and its receipt."""

from typing import Any

from flask import render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit
from occto.change_words import ItemInWords
from occto.domain.canonical import jsonable
from occto.domain.changes import WAITING_FOR_STAFF, WITHOUT_DELAY, Part, days_late
from occto.domain.codes import ChangeAct, Licence
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.services.changes import submission
from occto.services.changes.case import change_of
from occto.services.changes.submission import Prepared
from occto.views.changes.blueprint import Case, load_case, pages, part_url, tasks_url, title
from occto.views.changes.impact import impact_of
from occto.views.changes.items import Found, items_of_case, long_title, part_of_item
from occto.views.changes.licences import ROWS, held_licences, outlook
from occto.views.tools import new_form_id, once, see_other

_PART_OF_FIELD = {"corporate_number": Part.COMPANY, "licence": Part.LICENCES, "relation": Part.RELATIONS}
_PART_OF_CODE = {
    "two_parents": Part.RELATIONS,
    "self_parent": Part.RELATIONS,
    "control_cycle": Part.RELATIONS,
}


def _problem(case: Case, refusal: Refusal) -> dict[str, str]:
    """The sentence of a refusal and the page where it is mended; '' where there is none."""
    known = {part.value: part for part in (*case.parts, Part.FILES)}
    found = known.get(refusal.field or "") or _PART_OF_FIELD.get(refusal.field or "") or _PART_OF_CODE.get(refusal.code)
    url = part_url(case.id, found) if found in known.values() and found is not None else ""
    if refusal.field == "occurred_on":
        url = url_for("changes.start", request_id=case.id)
    return {"sentence": refusal.sentence, "url": url}


def _problems(case: Case, found: Found, prepared: Prepared | None) -> list[dict[str, str]]:
    """What keeps the request from being submitted as it stands."""
    problems = [
        {"sentence": f"「{title(part)}」の入力が済んでいません。", "url": part_url(case.id, part)}
        for part in case.missing
    ]
    problems += [
        {
            "sentence": f"「{title(part)}」で選んだ登録は、いまは変わっています。申請の内容を直してください。",
            "url": part_url(case.id, part),
        }
        for part in found.broken
    ]
    if prepared is None or problems:
        return problems
    try:
        submission.check_complete(db.session(), case.request, prepared)
    except Refusal as refusal:
        return [_problem(case, refusal)]
    return []


def _prepare(case: Case, found: Found) -> Prepared | None:
    """What would be submitted; None where a part no longer fits the record."""
    return None if found.broken else submission.prepare(db.session(), case.request)


def stands_submitted(case: Case, prepared: Prepared) -> bool:
    """Whether exactly this lies before the office already: going back and pressing again makes no second revision."""
    last = case.submitted
    if case.request.state not in WAITING_FOR_STAFF or last is None:
        return False
    before = [change_of(row) for row in last.items if row.change_id is None]
    same = [_essence(item) for item in prepared.items] == [_essence(item) for item in before]
    files = [(file["id"], sorted(file["items"])) for file in last.revision.files]
    now = [(file["id"], sorted(file["items"])) for file in prepared.files]
    return same and files == now and last.revision.occurred_on == case.request.occurred_on


def _essence(item: Any) -> object:
    return jsonable([*item.place, item.act, item.effective_on, item.new])


@pages.get("/<int:request_id>/check")
@permit(Permission.CHANGE_SEE)
def check(request_id: int) -> str | Response:
    case = load_case(request_id)
    if case.request.state not in WAITING_FOR_STAFF and not case.may_edit and not case.is_draft:
        return see_other("changes.request_page", request_id=request_id)
    return _page(case)


def _page(case: Case, *, refusal: Refusal | None = None) -> str:
    found = items_of_case(case)
    prepared = _prepare(case, found)
    problems = _problems(case, found, prepared)
    if refusal is not None:
        problems = [_problem(case, refusal), *(p for p in problems if p["sentence"] != refusal.sentence)]
    unchanged = prepared is not None and stands_submitted(case, prepared)
    words = found.words
    undecided = [item for item in words if not item.immediate]
    late = days_late(occurred_on=case.occurred_on, submitted_on=case.today)
    return render_template(
        "changes/check.html",
        case=case,
        items=[{"item": item, "url": part_url(case.id, part_of_item(item)) if case.may_edit else ""} for item in words],
        problems=[] if unchanged else problems,
        refused=refusal is not None,
        errors=bool(refusal),
        immediate=[item for item in words if item.immediate],
        undecided=undecided,
        second_person=any(item.touches_votes for item in undecided),
        files=_files(case, words),
        late=late if late > WITHOUT_DELAY else 0,
        leaves_on=_leaves_on(case),
        impact=impact_of(case.request.member_id, found.items, undecided=True),
        digest=prepared.digest if prepared else "",
        form_id=new_form_id(),
        unchanged=unchanged,
        may_submit=case.may_edit and not unchanged and prepared is not None and (not problems or refusal is not None),
        back=tasks_url(case),
    )


def _files(case: Case, words: list[ItemInWords]) -> list[dict[str, Any]]:
    names = {item.key: long_title(item) for item in words}
    by_copy = {
        row["attachment_id"]: f"{Licence(row['category'])}"
        for row in case.answers.get(Part.LICENCES, {}).get("rows", ())
        if row["act"] == ChangeAct.ADD and row.get("attachment_id") is not None
    }
    draft = case.drafts.get(Part.FILES.value)
    listed = ((draft.answers or {}) if draft else {}).get("files", ())
    return [
        {
            **file,
            "proves": [
                names[key]
                for key in [*file["items"], *([f"licence:{by_copy[file['id']]}"] if file["id"] in by_copy else [])]
                if key in names
            ],
        }
        for file in listed
    ]


def _leaves_on(case: Case) -> Any:
    """The day on which the membership would end, where no category stays."""
    if Part.LICENCES not in case.parts:
        return None
    return outlook(case, ROWS.typed(case), held_licences(case)).leaves_on


@pages.post("/<int:request_id>/submit")
@permit(Permission.CHANGE_FILE)
def submit(request_id: int) -> str | Response:
    case, now = load_case(request_id), clock.now()
    found = items_of_case(case)
    prepared = _prepare(case, found)
    if prepared is not None and stands_submitted(case, prepared):
        return see_other("changes.submitted", request_id=request_id)
    if prepared is None and case.may_edit:
        return _page(case)

    def act(session: Session) -> str:
        seen = request.form.get("seen_digest", "")
        submission.submit(session, request_id, seen_digest=seen, actor=actor(), now=now)
        return url_for("changes.submitted", request_id=request_id)

    try:
        return once(act)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        case = load_case(request_id)
        if case.may_edit:
            return _page(case, refusal=refusal)
        raise


@pages.get("/<int:request_id>/submitted")
@permit(Permission.CHANGE_SEE)
def submitted(request_id: int) -> str | Response:
    """The receipt: number and time, and what happens next."""
    case = load_case(request_id)
    if case.submitted is None:
        return see_other("changes.request_page", request_id=request_id)
    rows = case.submitted.items
    return render_template(
        "changes/submitted.html",
        case=case,
        revision=case.submitted.revision,
        done=sum(row.change_id is not None for row in rows),
        waiting=sum(row.change_id is None for row in rows),
        second_person=case.request.touches_votes,
    )
