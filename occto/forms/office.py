"""Inputs of the office's own records: contracts of use, roster numbers; times and whole numbers."""

import re
from datetime import time
from typing import Any

from occto.domain.contracts import GROUNDS
from occto.domain.text import InputError, half_width
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, DateField, InputField, TextField
from occto.forms.validators import NotFuture, Required

_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2})|時(?:([0-9]{1,2})分|(半))?)?")
MOST_SIGNS = 200_000
"""Enough for the codes and numbers of 10,000 members."""


class TimeField(InputField):
    """A time of day: 13:30, 13時30分, 13時半, 13時, in any width."""

    width = "w-8"

    def parse(self, text: str) -> time:
        match = _TIME.fullmatch(half_width(text).replace(" ", "")[:12])
        hour = int(match[1]) if match else 24
        minute = (30 if match[4] else int(match[2] or match[3] or 0)) if match else 0
        if hour > 23 or minute > 59:
            raise InputError("13:30 のように、24時間制の時刻で入力してください。")
        return time(hour, minute)

    def display(self, value: time) -> str:
        return f"{value:%H:%M}"


class NumberField(InputField):
    """A whole number from 1 to `highest`."""

    inputmode = "numeric"
    width = "w-8"

    def __init__(self, label: str, validators: Any = None, *, highest: int = 99, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.highest = highest

    def parse(self, text: str) -> int:
        digits = half_width(text).strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9 or not 1 <= int(digits) <= self.highest:
            raise InputError(f"{self.label.text}は、1 から {self.highest:,} までの数字で入力してください。")
        return int(digits)


class EndOnApplicationForm(BaseForm):
    """終了 on the Party's application (利用規約 2.7.1)."""

    applied_on = DateField("申し出のあった日", [Required(), NotFuture()], hint="書面やメールを受け取った日。")
    words = TextField(
        "申し出の内容", max_length=1000, rows=3, hint="会員へのお知らせと記録に残ります。書かれていた理由など。"
    )


class TerminateForm(BaseForm):
    """解除 without demand (利用規約 2.7.2)."""

    clause = ChoiceField(
        "根拠となる条項",
        [Required()],
        choices=[(clause.value, f"{clause.label}　{words}") for clause, words in GROUNDS.items()],
    )
    ground = TextField(
        "解除の事由となる事実",
        [Required()],
        max_length=2000,
        rows=4,
        hint="いつ、何があったかを書いてください。会員へのお知らせに、このまま載ります。",
    )
    reason = TextField("解除すると判断した理由", [Required()], max_length=2000, rows=3, hint="職員だけが見る記録です。")


class FormOnPaperForm(BaseForm):
    """契約 formed by a paper (利用規約 2.1.2)."""

    formed_on = DateField(
        "契約を結んだ日",
        [Required(), NotFuture()],
        hint="申込書に同意の署名があり、当機関が受け付けた日。この日に効力のある版の利用規約によります（利用規約 1.3.2）。",
    )


class ListFileField(InputField):
    """A file of lines: its text is put below the lines typed. Only its name is kept in the page."""

    kind = "file"
    accept = ".csv,.txt,.tsv,text/csv,text/plain"

    def parse(self, text: str) -> str:
        return text


class LinesField(TextField):
    """Lines with cells, tabs kept; what stands in them is read by `domain/roster`."""

    def parse(self, text: str) -> str:
        if len(text) > MOST_SIGNS:
            raise InputError(f"一度に入れられるのは {MOST_SIGNS:,} 文字までです。2回に分けてください。")
        return text


class RosterForm(BaseForm):
    """A list of new roster numbers."""

    lines = LinesField(
        "事業者コードと新しい名簿番号",
        [Required("事業者コードと新しい名簿番号を入力するか、ファイルを選んでください。")],
        rows=12,
        hint="1行に1社、「事業者コード」と「新しい名簿番号」をタブかカンマで区切って入力してください。表計算の2列を、そのまま貼り付けられます。",
    )
    file = ListFileField(
        "CSV ファイルから読み込む", hint="中の行を上の欄に足します。見出しの行があってもかまいません。"
    )
    effective_on = DateField(
        "有効になる日", [Required()], hint="過去の日を入力するときは、そのわけを理由に書いてください。"
    )
    reason = TextField(
        "変更の理由", [Required()], max_length=2000, rows=3, hint="理事会の決定など。承認する方が見ます。"
    )
