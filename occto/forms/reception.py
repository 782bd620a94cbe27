"""Inputs of 受付: desks, and what the supervisor sets right."""

from occto.domain.reception import CONTACT_LIMIT, DESK_NAME_LIMIT, REASON_LIMIT, DeskProfile
from occto.domain.tickets import KIND_LABELS, NAME_LIMIT, NOTE_LIMIT, TITLE_LIMIT, TicketKind
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, LineField, TextField
from occto.forms.validators import Required
from occto.labels import choices

VOTING, OBSERVING = "VOTING", "OBSERVING"
ROLES = [(VOTING, "議決権を行使する"), (OBSERVING, "傍聴する（議決には加わらない）")]
_PROFILE_HINTS = {
    DeskProfile.STANDARD.value: "読み取り、番号の入力、商号・氏名での検索ができます。係が使います。",
    DeskProfile.SCAN_ONLY.value: "読み取りと番号の入力だけができます。検索はできません。",
    DeskProfile.UNATTENDED.value: "来場した方がご自分で読み取ります。氏名や商号は表示しません。",
}
_REASON = "受付の記録に残ります。"


class DeskForm(BaseForm):
    """A device at the hall."""

    name = LineField("端末の名前", [Required()], max_length=DESK_NAME_LIMIT, hint="例：受付 1番")
    profile = ChoiceField("使い方", [Required()], choices=choices(DeskProfile), choice_hints=_PROFILE_HINTS)
    contact = LineField(
        "受付責任者の名前と電話",
        [Required()],
        max_length=CONTACT_LIMIT,
        hint="端末の画面と係の手引きに表示します。例：鈴木（内線 1234）",
    )


class ReasonForm(BaseForm):
    """Why a record of the reception is changed."""

    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=2, hint=_REASON)


class WalkInForm(BaseForm):
    """Somebody of a member who has no ticket."""

    name = LineField("来場した方の氏名", [Required()], max_length=NAME_LIMIT)
    title = LineField("所属・役職", max_length=TITLE_LIMIT)
    role = ChoiceField("扱い", [Required()], choices=ROLES)
    note = LineField("受付に伝えること", max_length=NOTE_LIMIT, hint="例：車椅子")
    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=2, hint=f"どのように確かめたか。{_REASON}")


class GuestForm(BaseForm):
    """Somebody who belongs to no member."""

    kind = ChoiceField(
        "どなたか",
        [Required()],
        choices=[(one.value, KIND_LABELS[one]) for one in (TicketKind.GUEST, TicketKind.OFFICIAL)],
        choice_hints={
            TicketKind.OFFICIAL.value: "出席して意見を述べられます。議決権はありません（電気事業法 28条の32）。"
        },
    )
    name = LineField("氏名", [Required()], max_length=NAME_LIMIT)
    title = LineField("所属・役職", max_length=TITLE_LIMIT)
    note = LineField("受付に伝えること", max_length=NOTE_LIMIT)
    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=2, hint=_REASON)


class SubstituteForm(BaseForm):
    """Who has come in the place of the one on the ticket."""

    name = LineField("来場した方の氏名", [Required()], max_length=NAME_LIMIT)
    title = LineField("所属・役職", max_length=TITLE_LIMIT)
    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=2, hint=f"どのように確かめたか。{_REASON}")
