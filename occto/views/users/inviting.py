"""Inviting one person, or many: pasted lines or a workbook, checked line by line before anything is sent."""

from collections.abc import Sequence

from flask import Response, flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from occto import clock
from occto.access import actor, permit
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.permissions import GRANTED_BY_MEMBER, Permission, Role
from occto.domain.text import InputError
from occto.domain.users import COLUMNS, rows_of_cells, rows_of_text, text_of_rows
from occto.excel import MIMETYPE, Sheet, workbook
from occto.extensions import db, limiter
from occto.forms.users import GRANTED, HINTS, CheckedRow, InviteForm, InviteManyForm, check_rows, hints_for, titles
from occto.labels import label
from occto.queries import users
from occto.services.users import inviting
from occto.views.tools import download, new_form_id, once
from occto.views.users.blueprint import attempt, form_page, member_id, pages
from occto.workbooks.first_sheet import LARGEST, first_sheet

_ALREADY = {"here": inviting.already_here, "refused": inviting.address_refused}


def _new_user(form: InviteForm) -> inviting.NewUser:
    values = form.cleaned()
    return inviting.NewUser(**(values | {"role": Role(values["role"])}))


def _require_granted(code: str) -> None:
    """A crafted role is refused as such, not as a slip of the pen."""
    if code in Role.__members__:
        inviting.require_granted(Role(code))


@pages.get("/invite")
@permit(Permission.USERS_MANAGE)
def invite() -> str:
    return _invite_page(InviteForm())


def _invite_page(form: InviteForm, refusal: Refusal | None = None) -> str:
    return form_page(
        form,
        title="ユーザの招待",
        act="招待メールを送る",
        refusal=refusal,
        lead="招待メールのリンクから、ご本人がパスワードを決めます。",
        other_way=("まとめて招待する", url_for("people.invite_many")),
        hints=hints_for(form["name"].data or "", form["email"].data or ""),
        personal=True,
    )


@pages.post("/invite")
@limiter.limit("60/minute")
@permit(Permission.USERS_MANAGE)
def send_invitation() -> str | BaseResponse:
    form = InviteForm(request.form)
    _require_granted(request.form.get("role", ""))
    if not form.validate():
        return _invite_page(form)
    person, done = _new_user(form), []

    def act(session: Session) -> str:
        done.append(inviting.invite(session, member_id(), person, actor=actor(), now=clock.now()))
        return url_for("people.index")

    answer = attempt(act, lambda refusal: _invite_page(form, refusal))
    if done and not isinstance(answer, str):
        flash(f"{person.email} に招待メールを送ります。状態は、この一覧でご確認ください。", "success")
        for hint in hints_for(person.name, person.email):
            flash(f"{person.email}：{hint}", "warning")
    return answer


@pages.get("/invite/list")
@permit(Permission.USERS_MANAGE)
def invite_many() -> str:
    return _list_page(InviteManyForm())


def _list_page(form: InviteManyForm, error: InputError | None = None) -> str:
    if error is not None:
        form.add_error("text", str(error))
    return render_template(
        "users/invite_many.html",
        form=form,
        errors=bool(form.errors),
        columns=[title for _key, title in COLUMNS],
        roles=GRANTED,
    )


@pages.post("/invite/list")
@limiter.limit("30/minute")
@permit(Permission.USERS_MANAGE)
def check_list() -> str:
    """Every line with its faults; nothing is sent and nothing kept yet."""
    form = InviteManyForm(request.form)
    if not form.validate():
        return _list_page(form)
    try:
        rows = _rows()
    except InputError as error:
        return _list_page(form, error)
    return _check_page(rows)


def _rows() -> list[dict[str, str]]:
    file = request.files.get("file")
    if file is not None and file.filename:
        content = file.stream.read(LARGEST + 1)
        return rows_of_cells(first_sheet(content))
    return rows_of_text(request.form.get("text", ""))


def _check_page(rows: Sequence[dict[str, str]]) -> str:
    checked = _checked(rows)
    return render_template(
        "users/invite_check.html",
        rows=checked,
        good=sum(row.good for row in checked),
        text=text_of_rows(rows),
        heads=titles(),
        keys=[key for key, _title in COLUMNS],
        form_id=new_form_id(),
    )


def _checked(rows: Sequence[dict[str, str]]) -> list[CheckedRow]:
    """The lines checked, by what is written and by who is here already; roles that nobody may give are named as faults."""
    checked = check_rows(rows)
    keys = {(row.form["email"].data or "").lower() for row in checked}
    known = users.addresses_known(db.session(), member_id(), keys - {""})
    for row in checked:
        found = known.get((row.form["email"].data or "").lower())
        if found is not None:
            row.faults.append(_ALREADY[found]().sentence)
    return checked


@pages.post("/invite/list/send")
@limiter.limit("30/minute")
@permit(Permission.USERS_MANAGE)
def send_list() -> str | BaseResponse:
    """Invite the lines without a fault, each once; what the check page handed on is checked again."""
    try:
        rows = rows_of_text(request.form.get("text", "")[:200_000])
    except InputError as error:
        return _list_page(InviteManyForm(), error)
    people = [_new_user(row.form) for row in check_rows(rows) if row.good]
    if not people:
        return _check_page(rows)
    results: list[tuple[inviting.NewUser, inviting.Invited | Refusal]] = []

    def act(session: Session) -> str:
        results[:] = inviting.invite_all(session, member_id(), people, actor=actor(), now=clock.now())
        return url_for("people.index")

    answer = once(act)
    sent = [person for person, result in results if isinstance(result, inviting.Invited)]
    if sent:
        flash(f"{len(sent)}名に招待メールを送ります。状態は、この一覧でご確認ください。", "success")
    for person, result in results:
        if isinstance(result, NotAllowed):
            raise result
        if isinstance(result, Refusal):
            flash(f"{person.email} は招待しませんでした。{result.sentence}", "warning")
    return answer


@pages.get("/invite/template.xlsx")
@permit(Permission.USERS_MANAGE)
def template() -> Response:
    """The workbook to fill in: titles alone on the first sheet, how to write on the second."""
    widths = [20, 24, 28, 36, 18, 16]
    explained = [
        ["氏名", "必須。お一人の氏名（部署や会社の名称は登録できません）", "髙橋 美咲"],
        ["フリガナ", "任意", "タカハシ ミサキ"],
        ["所属・役職", "任意", "総務部 課長"],
        ["メールアドレス", "必須。ご本人だけが受け取れるアドレス", "takahashi@example.jp"],
        ["電話番号", "任意。先頭の0が消えないよう、ハイフンを入れてください", "03-0000-0000"],
        ["役割", f"必須。{'、'.join(label(role) for role in GRANTED_BY_MEMBER)} のいずれか", "申請担当"],
        *([title, HINTS[code], ""] for code, title in GRANTED),
    ]
    content = workbook(
        [
            Sheet("招待する方", titles(), [], widths),
            Sheet("書き方", ["列・役割", "説明", "例"], explained, [20, 60, 28]),
        ]
    )
    return download(content, name="ユーザ招待のひな形.xlsx", media_type=MIMETYPE)
