"""Forms of 採決 and of the result."""

import re
from collections.abc import Sequence

from occto.domain.tally import CHOICE_LABELS, Choice
from occto.domain.text import half_width_digits
from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField, ChoicesField, OrNoneField
from occto.forms.fields import TextField
from occto.forms.validators import Required

CHOICES = [(one.value, words) for one, words in CHOICE_LABELS.items()]
_NOT_YET = "未記録"


class SheetForm(BaseForm):
    """採決の記録: the hall as one, and what the chair declares."""

    floor_choice = OrNoneField(
        "会場の賛否",
        none=_NOT_YET,
        choices=CHOICES,
        hint="会場で行使する会員を、まとめて記録します。ちがう会員は、下で1社ずつ記録します。",
    )
    chair_cast = OrNoneField(
        "議長一任の賛否", none=_NOT_YET, choices=CHOICES, hint="議長が宣言したとおりに記録します。"
    )


class FloorVotesForm(BaseForm):
    """Many members that vote otherwise, by their codes."""

    choice = ChoiceField("賛否", [Required()], choices=CHOICES)
    codes = TextField(
        "事業者コード",
        [Required()],
        max_length=4000,
        rows=6,
        hint="1行に1社。空白や読点で区切ることもできます。",
    )

    def wanted(self) -> list[str]:
        """The codes as they were typed, in half width."""
        return [code for code in re.split(r"[\s,、，;]+", half_width_digits(self.codes.data or "")) if code]


class DecideForm(BaseForm):
    """議案を採決する. A field that does not apply is taken out by the page."""

    chair_choice = ChoiceField(
        "議長の決定",
        choices=[(Choice.YES.value, "可決とする"), (Choice.NO.value, "否決とする")],
        hint="可否同数のときは、議長が決定します。議長が宣言したとおりに記録します。",
    )
    amendment = TextField(
        "修正の内容",
        max_length=4000,
        rows=4,
        hint="招集通知に載せた案を修正して採決したときだけ、修正後の内容を入力してください。",
    )
    reason = TextField("訂正の理由", [Required()], max_length=2000, rows=3, hint="前の結果も、記録として残ります。")


class FixForm(BaseForm):
    """結果確定. Where no arrivals can lie in any desk, the page takes `desks_checked` out."""

    desks_checked = ChoicesField(
        "残りがないと確かめた端末",
        [Required("端末ごとに、残りがないことを確かめて印を付けてください。")],
        hint=(
            "通信が途絶えているか、送信待ちがあった端末です。通信につなぐと、この一覧から消えます。"
            "つなげないときは、端末の画面か受付責任者の控えで確かめて、印を付けてください。記録に残ります。"
        ),
    )
    override_reason = TextField(
        "定足数を満たさないまま確定する理由",
        max_length=2000,
        rows=3,
        hint="定足数を満たさない議決があるときだけ入力してください。議事録にも載ります。",
    )

    def ask_about(self, desks: Sequence[tuple[str, str]]) -> None:
        """Ask for a tick beside each of these desks: row number as text, and words. One that has spoken since is no more asked."""
        if not desks:
            del self.desks_checked
            return
        self.desks_checked.choices = list(desks)
        known = {number for number, _words in desks}
        self.desks_checked.process_data([one for one in self.desks_checked.chosen if one in known])


class CorrectForm(BaseForm):
    """訂正 of a result."""

    reason = TextField("訂正の理由", [Required()], max_length=2000, rows=3, hint="記録に残ります。")
