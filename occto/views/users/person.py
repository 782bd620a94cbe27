"""One user: details with the trail, what is on record, the address, the invitation once more."""

from flask import flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.errors import Refusal, Stale
from occto.domain.permissions import Permission, Role
from occto.extensions import db, limiter
from occto.forms.staff import PlainForm
from occto.forms.users import AddressForm, RecordForm
from occto.queries import users
from occto.services.users import addresses, inviting, record
from occto.user_words import UserLine, act_line
from occto.views.tools import new_form_id
from occto.views.users.blueprint import USER, attempt, form_page, line, member_id, pages, seen, touchable

_TRAIL = 30


@pages.get(f"/{USER}")
@permit(Permission.USERS_SEE)
def details(user_id: int) -> str:
    return _details(user_id)


def _details(user_id: int, refusal: Refusal | None = None) -> str:
    one = line(user_id)
    before = request.args.get("before", type=int)
    may_manage = touchable(one)
    acts = []
    if viewer.can(Permission.USERS_MANAGE) or user_id == viewer.user_id:
        acts = users.trail_of(
            db.session(),
            member_id(),
            one.user,
            before=before if before and 0 < before < 2**63 else None,
            limit=_TRAIL + 1,
        )
    form = PlainForm()
    if refusal is not None:
        form.add_error(None, refusal.sentence)
    administrator = one.user.role is Role.ADMINISTRATOR
    me = user_id == viewer.user_id
    return render_template(
        "users/user.html",
        one=one,
        form=form,
        errors=refusal is not None,
        me=me,
        acts=[act_line(act) for act in acts[:_TRAIL]],
        more=acts[_TRAIL - 1].id if len(acts) > _TRAIL else None,
        shows_trail=bool(acts),
        may_edit=may_manage and not one.user.elsewhere and (me or not administrator),
        may_address=may_manage and not one.user.elsewhere and not administrator and not me,
        may_role=may_manage and not administrator and not me,
        may_end=may_manage and not me and one.user.role is not Role.ADMINISTRATOR,
        may_invite_again=may_manage and one.user.invited and one.user.stopped_at is None,
        may_give_up=me and administrator and viewer.mandate_id is None,
        form_id=new_form_id(),
    )


@pages.get(f"/{USER}/edit")
@permit(Permission.USERS_MANAGE)
def edit(user_id: int) -> str:
    one = line(user_id)
    user = one.user
    form = RecordForm(data={"name": user.name, "kana": user.kana, "title": user.title, "phone": user.phone})
    return _edit_page(one, form, version=user.seen)


def _edit_page(one: UserLine, form: RecordForm, refusal: Refusal | None = None, *, version: str) -> str:
    other = []
    if isinstance(refusal, Stale):
        now = one.user
        version = now.seen
        values = {"name": now.name, "kana": now.kana, "title": now.title, "phone": now.phone}
        other = [
            (form[key].label.text, value or "（空欄）")
            for key, value in values.items()
            if value != (form[key].data or "")
        ]
    return form_page(
        form,
        title="登録内容を直す",
        act="変更を保存する",
        one=one,
        refusal=refusal,
        version=version,
        other=other,
        lead="保存すると、すぐに反映します。",
        personal=True,
    )


@pages.post(f"/{USER}/edit")
@permit(Permission.USERS_MANAGE)
def save(user_id: int) -> str | Response:
    one, form, changed = line(user_id), RecordForm(request.form), list[str]()
    if not form.validate():
        return _edit_page(one, form, version=seen())
    values, version = form.cleaned(), seen()

    def act(session: Session) -> str:
        changed[:] = record.change_record(
            session, member_id(), user_id, values=values, seen_version=version, actor=actor(), now=clock.now()
        ) or [""]
        return url_for("people.details", user_id=user_id)

    answer = attempt(act, lambda refusal: _edit_page(line(user_id), form, refusal, version=version))
    if changed == [""]:
        flash("いまの登録と同じ内容でしたので、何も変更していません。", "warning")
    elif changed:
        flash("登録内容を変更しました。", "success")
    return answer


@pages.get(f"/{USER}/email")
@permit(Permission.USERS_MANAGE)
def address(user_id: int) -> str:
    return _address_page(line(user_id), AddressForm())


def _address_page(one: UserLine, form: AddressForm, refusal: Refusal | None = None) -> str:
    invited = one.user.invited
    return form_page(
        form,
        title="メールアドレスの変更",
        act="招待メールを送り直す" if invited else "確認のメールを送る",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        facts=[("いまのメールアドレス", one.user.email)],
        lead=(
            "新しいアドレスに招待メールを送り直します。前のメールのリンクは使えなくなります。"
            if invited
            else "新しいアドレスに確認のメールを送ります。ご本人がそのメールのボタンを押すと、変更が終わります。"
            "いまのアドレスにもお知らせします。"
        ),
        personal=True,
    )


@pages.post(f"/{USER}/email")
@limiter.limit("30/minute")
@permit(Permission.USERS_MANAGE)
def change_address(user_id: int) -> str | Response:
    one, form = line(user_id), AddressForm(request.form)
    if not form.validate():
        return _address_page(one, form)
    email, version, done = form.email.data, seen(), list[bool]()

    def act(session: Session) -> str:
        done.append(
            addresses.request_change(
                session, member_id(), user_id, email=email, seen_version=version, actor=actor(), now=clock.now()
            )
        )
        return url_for("people.details", user_id=user_id)

    answer = attempt(act, lambda refusal: _address_page(line(user_id), form, refusal))
    if done and not isinstance(answer, str):
        flash(f"{email} に確認のメールを送ります。" if done[0] else f"{email} に招待メールを送り直します。", "success")
    return answer


@pages.post(f"/{USER}/email/withdraw")
@permit(Permission.USERS_MANAGE)
def withdraw_address(user_id: int) -> str | Response:
    line(user_id)
    version = seen()

    def act(session: Session) -> str:
        addresses.withdraw_change(session, member_id(), user_id, seen_version=version, actor=actor(), now=clock.now())
        return url_for("people.details", user_id=user_id)

    answer = attempt(act, lambda refusal: _details(user_id, refusal))
    if not isinstance(answer, str):
        flash("メールアドレスの変更を取りやめました。", "success")
    return answer


@pages.post(f"/{USER}/invitation")
@limiter.limit("30/minute")
@permit(Permission.USERS_MANAGE)
def invite_again(user_id: int) -> str | Response:
    line(user_id)
    version = seen()

    def act(session: Session) -> str:
        inviting.invite_again(session, member_id(), user_id, seen_version=version, actor=actor(), now=clock.now())
        return url_for("people.details", user_id=user_id)

    answer = attempt(act, lambda refusal: _details(user_id, refusal))
    if not isinstance(answer, str):
        flash("招待メールを再送します。", "success")
    return answer
