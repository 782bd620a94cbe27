"""What staff key in of a reply on paper or by telephone: one form, made for the agenda and the member."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from occto.domain.dates import JST
from occto.domain.replies import (
    HOLDERS_ONLY,
    LABELS,
    LEFT_OPEN,
    NAME_LIMIT,
    OPINION_LIMIT,
    PROXY_LABELS,
    PROXY_LIMIT,
    TITLE_LIMIT,
    Answer,
    Attendance,
    Person,
    ProxyKind,
    ReplyChannel,
)
from occto.domain.tally import CHOICE_LABELS, Choice
from occto.forms.account_requests import DocumentField
from occto.forms.base import BaseForm
from occto.forms.elections import SCAN_HINT
from occto.forms.fields import ChoiceField, DateField, EmailField, LineField, OperatorCodeField, PhoneField, TextField
from occto.forms.office import TimeField
from occto.forms.validators import NotFuture, Required

_CHANNELS = (
    (ReplyChannel.PAPER.value, "書面（回答書・委任状）"),
    (ReplyChannel.STAFF.value, "電話など、書面によらない"),
)
_SHORT = {
    Attendance.ATTEND: "出席する",
    Attendance.PROXY: "代理人が出席する（委任状）",
    Attendance.ELECTRONIC: "欠席し、議決権を行使する（賛否の記入）",
    Attendance.CHAIR: "欠席し、議長に一任する",
    Attendance.ABSENT: "欠席し、議決権を行使しない",
    Attendance.WITHDRAWN: "いままでの回答・委任を撤回する",
}
_FIELDS = {"received_at": "received_on", "document": "file", "choices": "attendance"}
"""Field of a refusal → where it stands here, where the names differ."""


_OPEN = "LEFT_OPEN"


class PaperReplyForm(BaseForm):
    """The common part. What does not belong to the chosen attendance is refused by the verb, not dropped here."""

    channel = ChoiceField("受け取った方法", [Required()], choices=_CHANNELS)
    received_on = DateField("受け取った日", [Required(), NotFuture()])
    received_time = TimeField("受け取った時刻", [Required()], hint="24時間制。例：14:30")
    attendance = ChoiceField("当日の出欠", [Required()])

    holder: bool
    items: Sequence[int]
    people: int

    def received_at(self) -> datetime:
        """The instant at which it reached the office."""
        return datetime.combine(self["received_on"].data, self["received_time"].data, JST)

    def answer(self, *, proxy_member_id: int | None) -> Answer:
        """What was keyed in, after `validate()`."""
        value = self._value
        attendance = Attendance(value("attendance"))
        voting = value("voting")
        persons = [
            Person(
                title=value(f"attendee_{no}_title") or "",
                name=value(f"attendee_{no}_name") or "",
                email=value(f"attendee_{no}_email"),
                phone=value(f"attendee_{no}_phone"),
                voting=voting == str(no),
            )
            for no in range(1, self.people + 1)
            if value(f"attendee_{no}_title") or value(f"attendee_{no}_name") or voting == str(no)
        ]
        kind = value("proxy_kind")
        return Answer(
            attendance,
            attendees=tuple(persons),
            choices={
                item: Choice(value(f"item_{item}"))
                for item in self.items
                if value(f"item_{item}") not in (None, "", _OPEN)
            },
            proxy_kind=ProxyKind(kind) if kind else None,
            proxy_member_id=proxy_member_id,
            proxy_name=value("proxy_name"),
            opinion=value("opinion"),
        )

    def left_open(self) -> list[int]:
        """The items that the paper leaves open, after `validate()`."""
        return [item for item in self.items if self._value(f"item_{item}") == _OPEN]

    def add_error(self, name: str | None, sentence: str) -> None:
        """As of every form, the names of the verb's fields brought to those here."""
        super().add_error(_FIELDS.get(name or "", name), sentence)

    def _value(self, name: str) -> Any:
        return self[name].data if name in self else None


def reply_form(
    *,
    items: Sequence[tuple[int, str]],
    holder: bool,
    replied: bool,
    max_attendees: int,
    all_needed: bool,
) -> type[PaperReplyForm]:
    """The form for one member: `items` (row number, words) on which it has a vote; `replied`: there is one to withdraw;
    `all_needed`: votes are exercised on every item, so that one left open on the paper has to be entered as that.
    """
    offered = [
        one
        for one in Attendance
        if (holder or one not in HOLDERS_ONLY) and (replied or one is not Attendance.WITHDRAWN)
    ]
    fields: dict[str, Any] = {
        "holder": holder,
        "items": [item for item, _words in items] if holder else [],
        "people": max_attendees,
    }
    fields["attendance"] = ChoiceField(
        "当日の出欠", [Required()], choices=[(one.value, _SHORT.get(one, LABELS[one])) for one in offered]
    )
    choices = [(one.value, CHOICE_LABELS[one]) for one in Choice]
    if all_needed:
        choices.append((_OPEN, LEFT_OPEN))
    if holder:
        for item, words in items:
            fields[f"item_{item}"] = ChoiceField(words, choices=choices)
        fields["proxy_kind"] = ChoiceField(
            "委任する相手", choices=[(one.value, PROXY_LABELS[one]) for one in ProxyKind], hint="代理人が出席するとき。"
        )
        fields["proxy_member"] = OperatorCodeField("委任する会員の事業者コード", hint="ほかの会員に委任するとき。")
        fields["proxy_name"] = LineField(
            "代理人の氏名",
            max_length=PROXY_LIMIT,
            autocomplete="off",
            hint="委任状による代理人のとき（自社の方を含みます）。",
        )
    for no in range(1, max_attendees + 1):
        fields |= {
            f"attendee_{no}_title": LineField(f"出席者{no} 所属・役職", max_length=TITLE_LIMIT, autocomplete="off"),
            f"attendee_{no}_name": LineField(f"出席者{no} 氏名", max_length=NAME_LIMIT, autocomplete="off"),
            f"attendee_{no}_email": EmailField(f"出席者{no} メールアドレス", autocomplete="off"),
            f"attendee_{no}_phone": PhoneField(f"出席者{no} 電話番号", autocomplete="off"),
        }
    if holder:
        fields["voting"] = ChoiceField(
            "議決権を行使する方", choices=[(str(no), f"出席者{no}") for no in range(1, max_attendees + 1)]
        )
    fields["opinion"] = TextField("ご意見", max_length=OPINION_LIMIT, rows=2)
    fields["file"] = DocumentField(
        "回答書・委任状の写し（スキャン）", needed=False, hint=f"書面のときは必須。{SCAN_HINT}"
    )
    fields["reason"] = TextField(
        "理由", max_length=2000, rows=2, hint="電話などで受けたとき、回答の締切のあとに入力するときは必須。"
    )
    return type("MemberReplyForm", (PaperReplyForm,), fields)
