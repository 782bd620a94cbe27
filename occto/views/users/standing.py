"""Role, stop, resumption and end of a user at the company; giving up the role of 管理者. Each has its page of confirmation."""

from collections.abc import Callable

from flask import flash, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission, Role
from occto.forms.staff import PlainForm
from occto.forms.users import RoleForm, StopForm
from occto.labels import label
from occto.services.users import inviting, standing
from occto.user_words import UserLine
from occto.views.users.blueprint import USER, attempt, form_page, line, member_id, pages, seen


def _require_granted(code: str) -> None:
    if code in Role.__members__:
        inviting.require_granted(Role(code))


@pages.get(f"/{USER}/role")
@permit(Permission.USERS_MANAGE)
def role(user_id: int) -> str:
    one = line(user_id)
    return _role_page(one, RoleForm(data={"role": one.user.role}))


def _role_page(one: UserLine, form: RoleForm, refusal: Refusal | None = None) -> str:
    return form_page(
        form,
        title="役割の変更",
        act="役割を変更する",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        facts=[("いまの役割", label(one.user.role))],
        lead="変更は、この方の次の操作から有効になります。",
    )


@pages.post(f"/{USER}/role")
@permit(Permission.USERS_MANAGE)
def change_role(user_id: int) -> str | Response:
    one, form = line(user_id), RoleForm(request.form)
    _require_granted(request.form.get("role", ""))
    if not form.validate():
        return _role_page(one, form)
    chosen, version, done = Role(form.role.data), seen(), list[bool]()

    def act(session: Session) -> str:
        done.append(
            standing.change_role(
                session, member_id(), user_id, role=chosen, seen_version=version, actor=actor(), now=clock.now()
            )
        )
        return url_for("people.details", user_id=user_id)

    answer = _attempt(act, lambda refusal: _role_page(line(user_id), form, refusal))
    if done and not isinstance(answer, str):
        same = "いまの役割と同じですので、何も変更していません。"
        flash(f"役割を「{label(chosen)}」に変更しました。" if done[0] else same, "success" if done[0] else "warning")
    return answer


def _attempt(act: Callable[[Session], str], page: Callable[[Refusal], str]) -> str | Response:
    """As `attempt`, but what the actor may not do at all is 403."""

    def shown(refusal: Refusal) -> str:
        if isinstance(refusal, NotAllowed):
            raise refusal
        return page(refusal)

    return attempt(act, shown)


@pages.get(f"/{USER}/stop")
@permit(Permission.USERS_MANAGE)
def stop(user_id: int) -> str:
    return _stop_page(line(user_id), StopForm())


def _stop_page(one: UserLine, form: StopForm, refusal: Refusal | None = None) -> str:
    return form_page(
        form,
        title="利用の停止",
        act="利用を停止する",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        danger=True,
        notice=(
            "停止すると、すぐにサインアウトします",
            "この方は、再開するまで貴社の画面を使えません。ほかの会社での利用は変わりません。停止したことは、ご本人にメールでお知らせします（理由は伝えません）。",
        ),
    )


@pages.post(f"/{USER}/stop")
@permit(Permission.USERS_MANAGE)
def stop_user(user_id: int) -> str | Response:
    one, form = line(user_id), StopForm(request.form)
    if not form.validate():
        return _stop_page(one, form)
    reason, version = form.reason.data, seen()

    def act(session: Session) -> str:
        standing.stop(
            session, member_id(), user_id, reason=reason, seen_version=version, actor=actor(), now=clock.now()
        )
        return url_for("people.details", user_id=user_id)

    answer = _attempt(act, lambda refusal: _stop_page(line(user_id), form, refusal))
    if not isinstance(answer, str):
        flash(f"{one.user.name}さんの利用を停止しました。", "success")
    return answer


@pages.get(f"/{USER}/resume")
@permit(Permission.USERS_MANAGE)
def resume(user_id: int) -> str:
    return _resume_page(line(user_id))


def _resume_page(one: UserLine, refusal: Refusal | None = None) -> str:
    return form_page(
        PlainForm(),
        title="利用の再開",
        act="利用を再開する",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        facts=[("停止した理由", one.user.stop_reason)] if one.user.stop_reason else [],
        lead="この方は、これまでと同じ役割で貴社の画面を使えるようになります。ご本人にメールでお知らせします。",
    )


@pages.post(f"/{USER}/resume")
@permit(Permission.USERS_MANAGE)
def resume_user(user_id: int) -> str | Response:
    one, version = line(user_id), seen()

    def act(session: Session) -> str:
        standing.resume(session, member_id(), user_id, seen_version=version, actor=actor(), now=clock.now())
        return url_for("people.details", user_id=user_id)

    answer = _attempt(act, lambda refusal: _resume_page(line(user_id), refusal))
    if not isinstance(answer, str):
        flash(f"{one.user.name}さんの利用を再開しました。", "success")
    return answer


@pages.get(f"/{USER}/remove")
@permit(Permission.USERS_MANAGE)
def remove(user_id: int) -> str:
    return _remove_page(line(user_id))


def _remove_page(one: UserLine, refusal: Refusal | None = None) -> str:
    return form_page(
        PlainForm(),
        title="ユーザの取り外し",
        act="ユーザから外す",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        danger=True,
        notice=(
            "外すと、すぐにサインアウトします",
            "この方は、貴社の画面を使えなくなります。ほかの会社での利用は変わりません。これまでの操作の記録は残ります。もう一度使っていただくときは、改めて招待してください。",
        ),
    )


@pages.post(f"/{USER}/remove")
@permit(Permission.USERS_MANAGE)
def remove_user(user_id: int) -> str | Response:
    version, name = seen(), _name_or_none(user_id)

    def act(session: Session) -> str:
        standing.remove(session, member_id(), user_id, seen_version=version, actor=actor(), now=clock.now())
        return url_for("people.index")

    answer = _attempt(act, lambda refusal: _remove_page(line(user_id), refusal))
    if name and not isinstance(answer, str):
        flash(f"{name}さんを貴社のユーザから外しました。", "success")
    return answer


def _name_or_none(user_id: int) -> str | None:
    """The user's name; None where a second click finds the user gone, and `once` answers as the first time."""
    try:
        return line(user_id).user.name
    except NotFound:
        return None


@pages.get("/give-up")
@permit(Permission.USERS_SEE)
def give_up() -> str:
    """For the 管理者 alone; the door is that of the list, so that a second click finds the first result."""
    one = line(viewer.user_id or 0)
    if one.user.role is not Role.ADMINISTRATOR:
        raise NotFound
    return _give_up_page(one, RoleForm())


def _give_up_page(one: UserLine, form: RoleForm, refusal: Refusal | None = None) -> str:
    return form_page(
        form,
        title="管理者の役割の返上",
        act="管理者の役割を返上する",
        one=one,
        refusal=refusal,
        version=one.user.seen,
        danger=True,
        lead="返上したあとの、ご自身の役割を選んでください。",
        notice=(
            "ご自身では元に戻せません",
            (
                "もう一度管理者になるには、当機関への申請が必要です（利用規約 3.1(3.2.1)）。ほかに利用中の管理者がいるときだけ返上できます。"
                "返上したことは、ほかの管理者にメールでお知らせします。"
            ),
        ),
    )


@pages.post("/give-up")
@permit(Permission.USERS_SEE)
def give_up_role() -> str | Response:
    one, form = line(viewer.user_id or 0), RoleForm(request.form)
    _require_granted(request.form.get("role", ""))
    if not form.validate():
        return _give_up_page(one, form)
    chosen, version = Role(form.role.data), seen()

    def act(session: Session) -> str:
        standing.give_up_administrator(
            session, member_id(), role=chosen, seen_version=version, actor=actor(), now=clock.now()
        )
        return url_for("people.index")

    answer = _attempt(act, lambda refusal: _give_up_page(line(viewer.user_id or 0), form, refusal))
    if not isinstance(answer, str):
        flash(f"管理者の役割を返上しました。いまの役割は「{label(chosen)}」です。", "success")
    return answer
