"""Which steps the viewer may take on a change request now, and why one that may be expected is not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for
from sqlalchemy.orm import Session

from occto.access import viewer
from occto.domain.changes import CHANGES, WAITING_FOR_STAFF
from occto.domain.codes import Channel, Verdict
from occto.domain.permissions import Permission
from occto.labels import label
from occto.models import ChangeRequest
from occto.queries.changes_staff import RequestFile
from occto.services.changes.approval import barred_from_approving, needs_check
from occto.services.changes.submission import staff_may_withdraw

if TYPE_CHECKING:
    from occto.admin.change_page import Judged

_DOOR_OF = {
    "take": "take",
    "check": "check",
    "approve": "approve",
    "return_request": "give_back",
    "split": "split",
    "hold": "hold",
    "resume": "resume",
    "withdraw": "withdraw",
}
_BUTTONS = frozenset({"take", "resume"})
_MAIN_ACTS = ("approve", "check", "take", "resume")


@dataclass(frozen=True, slots=True)
class Move:
    """A step that this viewer may take now. `button`: at once, without an entry page."""

    words: str
    url: str
    button: bool
    main: bool


def why_not(session: Session, file: RequestFile, judged: "Sequence[Judged]") -> str:
    """Why a decision that the viewer may expect has no button now; empty where there is nothing to explain."""
    request = file.request
    if request.state not in WAITING_FOR_STAFF or not viewer.can(Permission.CHANGE_PROCESS):
        return ""
    if request.held_at is not None:
        return "保留中です。保留を解除すると、承認や差戻しができます。"
    if any(one.conflict for one in judged):
        return "申請のあとに登録が変わった項目があるため、承認できません。差し戻して、いまの登録をもとに提出し直していただいてください。"
    if needs_check(request) and request.checked_by_id is None:
        return "議決権に影響する項目があります。一人目の確認が済むと、別の方が承認できます。"
    if not viewer.can(Permission.CHANGE_APPROVE):
        return "承認者の承認を待っています。"
    return _barred(session, request)


def _barred(session: Session, request: ChangeRequest) -> str:
    me = viewer.user_id
    if me == request.checked_by_id and request.channel is Channel.ONLINE:
        return "あなたが確認した申請です。承認は、別の承認者が行います。"
    if me in barred_from_approving(session, request):
        return "あなたが入力した申請です。承認は、別の承認者が行います。"
    return ""


def moves(session: Session, file: RequestFile, judged: "Sequence[Judged]") -> list[Move]:
    """The steps that this viewer may take now, the main one last."""
    request = file.request
    steps = CHANGES.open_steps(request.state, viewer.permissions, held=request.held_at is not None)
    names = {step.name: step.label for step in steps if step.name in _DOOR_OF}
    if request.held_at is None:
        names.pop("resume", None)
    if not needs_check(request) or request.checked_by_id is not None:
        names.pop("check", None)
    if len(file.undecided) < 2:
        names.pop("split", None)
    if why_not(session, file, judged):
        names.pop("approve", None)
    names.pop("withdraw", None)
    if viewer.can(Permission.CHANGE_PROCESS) and staff_may_withdraw(session, request):
        names["withdraw"] = CHANGES.step("withdraw").label
    remarked = any(one.mark == label(Verdict.REMARK) for one in judged)
    first = next((name for name in _MAIN_ACTS if name in names), None)
    if remarked and "return_request" in names:
        first = "return_request"
    return [
        Move(
            words,
            url_for(f"change_requests.{_DOOR_OF[name]}")
            if name in _BUTTONS
            else url_for(f"change_requests.{_DOOR_OF[name]}", id=request.id, version=request.version),
            button=name in _BUTTONS,
            main=name == first,
        )
        for name, words in sorted(names.items(), key=lambda pair: pair[0] == first)
    ]
