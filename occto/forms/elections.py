"""Inputs of 届出, 異議 and their answers."""

from datetime import datetime
from typing import Any

from occto.domain.codes import ElectionState
from occto.domain.dates import JST
from occto.domain.elections import EVERY_GROUP
from occto.domain.votes import Group, group_title
from occto.forms.account_requests import DocumentField
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, DateField, TextField
from occto.forms.office import TimeField
from occto.forms.validators import NotFuture, Required

SCAN_HINT = "PDF、PNG、JPEG のいずれか。10MB 以下。"
OUTCOMES = (
    (ElectionState.EFFECTIVE.value, "有効とする"),
    (ElectionState.REFUSED.value, "用いない"),
    (ElectionState.WITHDRAWN.value, "取下げとする（書面などで申し出があったとき）"),
)


class HolderForm(BaseForm):
    """届出 of a member: for which group, and who holds the votes. The choices are put in by the page."""

    group = ChoiceField("対象のグループ", [Required()])
    holder = ChoiceField("議決権を行使する会社", [Required()])

    @property
    def asked_group(self) -> Group | None:
        """The group chosen; None for all of them."""
        chosen = self["group"].data
        return None if chosen == EVERY_GROUP else Group(chosen)

    def offer(self, groups: list[Group], companies: list[tuple[int, str]]) -> None:
        """Put in the groups in which the family has several companies, and its companies (member, name)."""
        self["group"].choices = [
            *([(EVERY_GROUP, "すべてのグループ")] if len(groups) > 1 else []),
            *((group.value, group_title(group)) for group in groups),
        ]
        self["holder"].choices = [(str(number), name) for number, name in companies]


class PaperElectionForm(HolderForm):
    """届出 that came on paper."""

    received_on = DateField("届出書を受け取った日", [Required(), NotFuture()], hint="西暦でも和暦でも入力できます。")
    received_time = TimeField("受け取った時刻", [Required()], hint="24時間制。例：14:30")
    file = DocumentField("届出書の写し（スキャン）", needed=True, hint=SCAN_HINT)

    def received_at(self) -> datetime:
        """The instant at which the paper reached the office."""
        return datetime.combine(self["received_on"].data, self["received_time"].data, JST)


class SettleForm(BaseForm):
    """What one of the staff proposes for a 届出; another confirms."""

    outcome = ChoiceField("取扱い", [Required()], choices=OUTCOMES)
    reason = TextField(
        "理由", [Required()], max_length=2000, rows=3, hint="確かめた方法と結果。届け出た会員へのお知らせにも載ります。"
    )
    file = DocumentField("書面の写し（取下げの書面など）", needed=False, hint=SCAN_HINT)


class ObjectionForm(BaseForm):
    """異議."""

    body = TextField(
        "事実と異なる点",
        [Required()],
        max_length=2000,
        rows=6,
        hint="どのグループの、どの会社との関係か、正しい内容と、いつからかをお書きください。",
    )


class AnswerForm(BaseForm):
    """An answer to an objection."""

    answer = TextField("回答", [Required()], max_length=2000, rows=6, hint="会員に、このままメールで届きます。")


def sent_number(text: Any) -> int:
    """A number chosen from a list that the page made; 0 where it is none."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19 else 0
