"""Inputs of 取込み: the workbook, what becomes of faulty rows, a list to be compared."""

from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, InputField, TextField
from occto.forms.validators import Required

_CHOOSE = "Excel のファイルを選んでください。"


class WorkbookField(InputField):
    """A workbook; only its name is kept in the page. The file itself is checked by content in the screen."""

    kind = "file"
    accept = ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def parse(self, text: str) -> str:
        return text


class UploadForm(BaseForm):
    """A workbook for the dry run."""

    file = WorkbookField(
        "Excel のファイル",
        [Required(_CHOOSE)],
        hint="ひな形に入力したもの（.xlsx、10MB まで）。反映するまで、登録は変わりません。",
    )
    note = TextField(
        "データの出どころ",
        [Required()],
        max_length=2000,
        rows=3,
        hint="反映する方が見ます。例：2026年11月20日現在の会員管理簿",
    )


class ReleaseForm(BaseForm):
    """反映 of what was checked, where nothing is wrong."""


class ReleaseValidForm(BaseForm):
    """反映 where some rows are faulty."""

    valid_only = ChoiceField(
        "誤りのある行の扱い",
        [Required()],
        choices=[("VALID", "正しい行だけを反映する"), ("WAIT", "すべての行が直るまで反映しない")],
        choice_hints={"VALID": "誤りのある会員は、正しい行も含めて、1社まるごと反映しません。"},
    )


class ReconcileForm(BaseForm):
    """A list to hold against the register."""

    file = WorkbookField(
        "照らし合わせる一覧",
        [Required(_CHOOSE)],
        hint="1枚目のシートの1行目に「事業者コード」「法人番号」「商号」「区分」の見出し（.xlsx）。事業者コードか法人番号のどちらかは必要です。",
    )
