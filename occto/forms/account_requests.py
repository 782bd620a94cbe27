"""Inputs of requests about IDs: of a member's 管理者, of the public page, of an objection."""

from typing import Any

from occto.domain.account_requests import KEPT_ROLES, KIND_LABELS, AccountRequestKind
from occto.forms.base import BaseForm
from occto.forms.fields import (
    ChoiceField,
    EmailField,
    InputField,
    KanaField,
    LineField,
    OperatorCodeField,
    PhoneField,
    TextField,
)
from occto.forms.validators import Required, RequiredIf
from occto.labels import label

NO_ROLE = "この会社の役割をなくす"
_KIND_HINTS = {
    AccountRequestKind.ADMINISTRATOR.value: "いまの管理者は、そのまま管理者です。",
    AccountRequestKind.CHANGE.value: "いまの管理者の一人と交代します。",
}
COMPANY_HINT = "登録の商号を入力してください。加入証跡や、当機関からのお知らせでご確認いただけます。"


class DocumentField(InputField):
    """A document: a PDF, PNG or JPEG. What was chosen is read by the page; `needed`: one must be."""

    kind = "file"
    accept = ".pdf,.png,.jpg,.jpeg"

    def __init__(self, label_: str, *, needed: bool, **kwargs: Any) -> None:
        super().__init__(label_, **kwargs)
        self.flags.required = needed

    def parse(self, text: str) -> str:
        return text


def kept_roles() -> list[tuple[str, str]]:
    """What an old 管理者 may be afterwards."""
    return [("", NO_ROLE), *((role.value, label(role)) for role in KEPT_ROLES)]


def _is_change(form: Any) -> bool:
    return bool(form.kind.data == AccountRequestKind.CHANGE)


def _kinds(*wanted: AccountRequestKind) -> list[tuple[str, str]]:
    return [(kind.value, KIND_LABELS[kind]) for kind in wanted]


class AdministratorForm(BaseForm):
    """A further 管理者, or a new one in place of an old one; whom to choose from is put in by the page."""

    kind = ChoiceField(
        "申請の内容",
        [Required()],
        choices=_kinds(AccountRequestKind.ADMINISTRATOR, AccountRequestKind.CHANGE),
        choice_hints=_KIND_HINTS,
    )
    replaces_user_id = ChoiceField(
        "交代する管理者", [RequiredIf(_is_change, mark="変更のときは必須")], choices=(), select=True
    )
    replaced_role = ChoiceField(
        "交代した後の役割",
        choices=kept_roles(),
        select=True,
        hint="管理者の変更のときに、交代する方について選んでください。",
    )
    person_name = LineField("管理者になる方の氏名", [Required()], max_length=80, autocomplete="off")
    person_kana = KanaField("フリガナ", [Required()], max_length=120, autocomplete="off")
    person_title = LineField("所属・役職", [Required()], max_length=120, autocomplete="off")
    person_email = EmailField(
        "メールアドレス",
        [Required()],
        autocomplete="off",
        hint="ログインIDになります。複数の方で使うアドレスではなく、ご本人だけのアドレスを入力してください（利用規約 3.2）。",
    )
    person_phone = PhoneField("電話番号", [Required()], autocomplete="off")
    reason = TextField("申請の理由", [Required()], rows=3, hint="例：人事異動により、12月1日付で担当が替わるため。")
    file = DocumentField(
        "証明する書類", needed=False, hint="辞令や社内の決裁など。PDF、PNG、JPEG のいずれか。10MB 以下。"
    )


class PublicAdministratorForm(BaseForm):
    """A change of 管理者 by somebody who cannot sign in: the company as typed, the person, evidence."""

    typed_code = OperatorCodeField("事業者コード", [Required()], autocomplete="off", hint="5桁の数字です。")
    typed_company = LineField("会社の商号", [Required()], autocomplete="organization", hint=COMPANY_HINT)
    typed_old_name = LineField(
        "これまでの管理者の氏名", max_length=80, autocomplete="off", hint="おわかりになる範囲で入力してください。"
    )
    person_name = LineField("管理者になる方の氏名", [Required()], max_length=80, autocomplete="name")
    person_kana = KanaField("フリガナ", [Required()], max_length=120)
    person_title = LineField("所属・役職", [Required()], max_length=120, autocomplete="organization-title")
    person_phone = PhoneField("電話番号", [Required()])
    reason = TextField("申請の理由", [Required()], rows=3, hint="例：管理者が退職し、サインインできる方がいないため。")
    file = DocumentField(
        "管理者の指定を証明する書類",
        needed=True,
        hint="会社の代表者の方が記名押印した届出書など。PDF、PNG、JPEG のいずれか。10MB 以下。",
    )
    file2 = DocumentField(
        "ほかの書類", needed=False, hint="ある場合だけ。二つの書類は、合わせて 10MB 以下にしてください。"
    )


class PublicFactorForm(BaseForm):
    """A lost second factor by somebody who gets as far as this page alone."""

    person_name = LineField("氏名", [Required()], max_length=80, autocomplete="name")
    typed_code = OperatorCodeField("事業者コード", autocomplete="off", hint="おわかりになるときに入力してください。")
    typed_company = LineField("会社の商号", [Required()], autocomplete="organization")
    reason = TextField(
        "事情", [Required()], rows=3, hint="例：スマートフォンが故障し、リカバリーコードの控えもないため。"
    )


class LostFactorForm(BaseForm):
    """A lost second factor by whoever passed the password."""

    reason = TextField(
        "事情", [Required()], rows=3, hint="例：スマートフォンが故障し、リカバリーコードの控えもないため。"
    )


class ObjectForm(BaseForm):
    """An objection of somebody on record."""

    words = TextField(
        "異議の内容",
        [Required()],
        rows=4,
        hint="例：当社からこのような申請はしていません。担当の田中までお電話ください。",
    )
