"""Inputs of 受付票: guests and officials, seat and note, reasons, lists of seats."""

from occto.domain.seating import MOST_IN_A_ROW
from occto.domain.tickets import KIND_LABELS, NAME_LIMIT, NOTE_LIMIT, SEAT_LIMIT, TITLE_LIMIT, TicketKind
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, EmailField, LineField
from occto.forms.office import LinesField, ListFileField, NumberField
from occto.forms.validators import Required

VOTERS, EVERYBODY = "VOTERS", "EVERYBODY"


class _Guest(BaseForm):
    kind = ChoiceField(
        "種類",
        [Required()],
        choices=[(one.value, KIND_LABELS[one]) for one in (TicketKind.GUEST, TicketKind.OFFICIAL)],
        choice_hints={
            TicketKind.GUEST.value: "議決権はなく、傍聴だけを行う方。",
            TicketKind.OFFICIAL.value: "出席して意見を述べられます。議決権はありません（電気事業法 28条の32）。",
        },
    )
    name = LineField("氏名", [Required()], max_length=NAME_LIMIT)
    title = LineField("所属・役職", [Required()], max_length=TITLE_LIMIT)
    email = EmailField("メールアドレス", hint="入力すると、受付票（PDF とリンク）をお送りします。")


class PlaceForm(BaseForm):
    """Seat and note of one ticket."""

    seat = LineField("席", max_length=SEAT_LIMIT, hint="例：A-12。受付票と受付の画面に表示します。")
    note = LineField(
        "備考",
        max_length=NOTE_LIMIT,
        hint="受付の端末に表示し、ご本人には見せません。例：車椅子のため、椅子を1つ外してください。",
    )


class GuestForm(_Guest, PlaceForm):
    """傍聴の方 or an official, with seat and note."""


class SeatsForm(BaseForm):
    """Number of the ticket and seat, a line each."""

    lines = LinesField(
        "受付票の番号と席",
        [Required("受付票の番号と席を入力するか、ファイルを選んでください。")],
        rows=12,
        hint="1行に1人、「2041-7」と「A-12」のように、タブかカンマで区切って入力してください。表計算の2列を、そのまま貼り付けられます。席を空にすると、割当てを取り消します。",
    )
    file = ListFileField(
        "CSV ファイルから読み込む", hint="中の行を上の欄に足します。見出しの行があってもかまいません。"
    )


class RowsForm(BaseForm):
    """Seats row by row in the order of the roster."""

    who = ChoiceField(
        "席を割り当てる方",
        [Required()],
        choices=[(VOTERS, "議決権を行使する方"), (EVERYBODY, "来場する方の全員")],
    )
    in_a_row = NumberField(
        "1列の席の数",
        [Required()],
        highest=MOST_IN_A_ROW,
        hint="A-1、A-2 … と並べ、この数ごとに次の列（B-1 …）に移ります。",
    )
