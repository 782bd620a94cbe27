"""Inputs of the decisions that staff take on an application."""

from typing import Any

from occto.domain.codes import Audience
from occto.domain.joining import Stage
from occto.domain.sections import TASKS, TERMS
from occto.domain.text import InputError, half_width_digits
from occto.forms.base import BaseForm
from occto.forms.fields import (
    AgreementField,
    ChoiceField,
    ChoicesField,
    DateField,
    EmailField,
    InputField,
    OperatorCodeField,
    TextField,
)
from occto.forms.validators import Required, RequiredIf
from occto.labels import choices

REASON_LIMIT = 3000
REMARK_LIMIT = 2000
CANNED = (
    ("registry", "登記事項証明書と一致しない項目があります。証明書のとおりに直してください。"),
    ("documents", "添付書類が足りません。案内にある書類を添えてください。"),
    ("unreadable", "添付書類の文字が読み取れません。もう一度、鮮明なものを添えてください。"),
    ("relations", "資本関係の割合や日付が確認できません。資料を添えるか、内容を直してください。"),
    ("act", "経済産業省の番号または日付が、通知の写しと一致しません。写しのとおりに直してください。"),
)


class RosterNumberField(InputField):
    """名簿番号: a whole number from 1."""

    inputmode = "numeric"
    width = "w-8"

    def parse(self, text: str) -> int:
        digits = half_width_digits(text).strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > 7:
            raise InputError("名簿番号は、1 以上の数字で入力してください。")
        return int(digits)


class PlainForm(BaseForm):
    """A decision that asks for nothing."""


class ReasonForm(BaseForm):
    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=4)


class HoldForm(BaseForm):
    reason = TextField(
        "保留にする理由", [Required()], max_length=2000, rows=4, hint="職員だけが見る記録です。申請者には送りません。"
    )


def _no_canned(form: Any) -> bool:
    return not form.canned.data


class ReturnForm(BaseForm):
    """差戻し: comments for each section, and reasons. The fields of the sections are added by `return_form`."""

    canned = ChoicesField("よく使う理由", choices=CANNED)
    reason = TextField(
        "申請者に伝える理由",
        [RequiredIf(_no_canned, "差し戻す理由を選ぶか、入力してください。")],
        max_length=REASON_LIMIT,
        rows=4,
        hint="メールと申請の画面で、申請者にこのまま伝わります。「よく使う理由」を選んだときは省略できます。",
    )

    def whole_reason(self) -> str:
        """The reasons as the applicant reads them."""
        words = dict(CANNED)
        return "\n".join([*(words[key] for key in self.canned.data or ()), *filter(None, [self.reason.data])])

    def remarks(self) -> dict[str, str]:
        """The comments by section key; sections without one are left out."""
        start = "remark_"
        return {
            field.short_name.removeprefix(start): field.data
            for field in self
            if field.short_name.startswith(start) and field.data
        }


def return_form(stage: Stage) -> type[ReturnForm]:
    """The form of 差戻し with a field for every section of `stage`."""
    fields = {
        f"remark_{task.key}": TextField(task.title, max_length=REMARK_LIMIT, rows=2)
        for task in TASKS[stage]
        if task is not TERMS
    }
    return type("ReturnFormOfStage", (ReturnForm,), fields)


class OperatorCodeForm(BaseForm):
    operator_code = OperatorCodeField(
        "事業者コード", [Required()], hint="5桁。先頭の 0 も入力してください。記録すると申請者にメールで知らせます。"
    )


class CheckForm(BaseForm):
    member_on = DateField("会員となる日", [Required()])
    member_on_reason = TextField(
        "会員となる日を決めた理由",
        max_length=REASON_LIMIT,
        rows=3,
        hint="登録・許可・届出が仮申請より前にあったときだけ入力してください。",
    )
    roster_no = RosterNumberField("名簿番号", [Required()], hint="いまの最後の番号の次を入れています。")


class NoActForm(BaseForm):
    """資格なし and 失効: only after METI was asked."""

    reason = TextField("理由", [Required()], max_length=REASON_LIMIT, rows=4)
    no_act_confirmed = AgreementField(
        "登録・許可・届出が行われていないことを、経済産業省に確かめました",
        sentence="登録・許可・届出が行われていないことを経済産業省に確かめ、確認の欄に印を付けてください。",
    )


class ExtendForm(BaseForm):
    until = DateField("新しい期限", [Required()], hint="西暦でも和暦でも入力できます。")
    reason = TextField("延ばす理由", [Required()], max_length=REASON_LIMIT, rows=4)


class RemarkForm(BaseForm):
    body = TextField("内容", [Required()], max_length=4000, rows=4)
    audience = ChoiceField(
        "だれに見せるか",
        [Required()],
        choices=choices(Audience),
        choice_hints={
            "PARTY": "申請者の画面に出し、メールで知らせます。送ったあとは取り消せません。",
            "STAFF": "職員の覚え書きです。",
        },
    )


class PaperForm(BaseForm):
    email = EmailField(
        "申請者のメールアドレス", hint="書面にあるときだけ入力してください。ないときは、連絡を郵送で行います。"
    )
