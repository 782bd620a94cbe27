"""Inputs of ユーザ管理 and アカウント: whom to invite, what is on record, roles, codes and passwords."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from occto.domain.permissions import GRANTED_BY_MEMBER, Role
from occto.domain.users import COLUMNS, looks_like_office, looks_shared
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, EmailField, KanaField, LineField, PhoneField, SecretField, TextField
from occto.forms.validators import Required
from occto.labels import label

GRANTED = [(role.value, label(role)) for role in GRANTED_BY_MEMBER]
HINTS = {
    Role.APPLICATIONS.value: "会員情報の変更申請をします。",
    Role.ASSEMBLY.value: "総会の出欠と議決権の回答をします。",
    Role.VIEWER.value: "会員情報などを見るだけです。",
}
_ROLE_OF_WORDS = {label(role): role.value for role in Role}
SHARED_ADDRESS = "複数の方で共用するアドレスのようです。ユーザIDはお一人ずつのものです（利用規約 3.2）。"
OFFICE_NAME = "部署や会社の名称のようです。お一人の氏名を登録してください（利用規約 3.2）。"


class RecordForm(BaseForm):
    name = LineField("氏名", [Required()], max_length=80, autocomplete="off")
    kana = KanaField("フリガナ", max_length=120, hint="ひらがなでもかまいません。", autocomplete="off")
    title = LineField("所属・役職", max_length=120, autocomplete="off")
    phone = PhoneField("電話番号", autocomplete="off")


class OwnRecordForm(BaseForm):
    name = LineField("氏名", [Required()], max_length=80, autocomplete="name")
    kana = KanaField("フリガナ", max_length=120, hint="ひらがなでもかまいません。")
    title = LineField("所属・役職", max_length=120, autocomplete="organization-title")
    phone = PhoneField("電話番号")


class InviteForm(BaseForm):
    name = LineField("氏名", [Required()], max_length=80, autocomplete="off")
    kana = KanaField("フリガナ", max_length=120, hint="ひらがなでもかまいません。", autocomplete="off")
    title = LineField("所属・役職", max_length=120, autocomplete="off")
    email = EmailField(
        "メールアドレス",
        [Required()],
        hint="ご本人だけが受け取れるアドレス。サインインのときのログインIDになります。",
        autocomplete="off",
    )
    phone = PhoneField("電話番号", autocomplete="off")
    role = ChoiceField("役割", [Required()], choices=GRANTED, choice_hints=HINTS)


class InviteManyForm(BaseForm):
    text = TextField(
        "貼り付ける",
        max_length=100_000,
        rows=8,
        hint="1行に1名ずつ、氏名・フリガナ・所属・役職・メールアドレス・電話番号・役割の順に、Excelの表のまま貼り付けるか、カンマで区切ってください。",
    )


class RoleForm(BaseForm):
    role = ChoiceField("役割", [Required()], choices=GRANTED, choice_hints=HINTS)


class StopForm(BaseForm):
    reason = TextField(
        "停止する理由", [Required()], max_length=500, rows=3, hint="記録に残り、貴社の管理者が見られます。"
    )


class AddressForm(BaseForm):
    email = EmailField("新しいメールアドレス", [Required()], autocomplete="off")


class OwnAddressForm(BaseForm):
    email = EmailField("新しいメールアドレス", [Required()])
    current = SecretField("いまのパスワード", [Required()])


class ChangePasswordForm(BaseForm):
    current = SecretField("いまのパスワード", [Required()])
    password = SecretField("新しいパスワード", [Required()], autocomplete="new-password")
    again = SecretField("新しいパスワード（確認のためもう一度）", [Required()], autocomplete="new-password")


class CodeForm(BaseForm):
    current_code = LineField(
        "いまの確認コード",
        [Required()],
        max_length=20,
        hint="認証アプリの6桁、またはリカバリーコード。",
        autocomplete="one-time-code",
        width="w-13",
    )


class SetUpFactorForm(BaseForm):
    current = SecretField("いまのパスワード", [Required()])
    code = LineField(
        "新しい認証アプリの確認コード",
        [Required()],
        max_length=20,
        autocomplete="one-time-code",
        inputmode="numeric",
        width="w-13",
    )


class ReplaceFactorForm(BaseForm):
    current_code = LineField(
        "いまの確認コード",
        [Required()],
        max_length=20,
        hint="いまの認証アプリの6桁、またはリカバリーコード。",
        autocomplete="off",
        width="w-13",
    )
    code = LineField(
        "新しい認証アプリの確認コード",
        [Required()],
        max_length=20,
        autocomplete="one-time-code",
        inputmode="numeric",
        width="w-13",
    )


@dataclass(slots=True)
class CheckedRow:
    """A line of a list of invitations with its faults in words; none: it can be sent. `hints` stop nothing."""

    no: int
    typed: Mapping[str, str]
    form: InviteForm
    faults: list[str]
    hints: list[str]

    @property
    def good(self) -> bool:
        return not self.faults


def check_rows(rows: Sequence[Mapping[str, str]]) -> list[CheckedRow]:
    """Every line checked by itself and against those before it."""
    found, seen = [], dict[str, int]()
    for no, row in enumerate(rows, 1):
        form = InviteForm.from_raw({**row, "role": _role_code(row.get("role", ""))})
        form.validate()
        faults = [field.summary_sentence for field in form if field.errors]
        role_words = row.get("role", "")
        if form["role"].errors and role_words:
            faults[-1] = _role_fault(role_words)
        key = (form["email"].data or "").lower()
        if key and key in seen:
            faults.append(f"{seen[key]}行目と同じメールアドレスです。")
        elif key:
            seen[key] = no
        found.append(CheckedRow(no, row, form, faults, hints_for(form["name"].data or "", key)))
    return found


def hints_for(name: str, email: str) -> list[str]:
    """What to look at once more; it refuses nothing."""
    return [SHARED_ADDRESS] * looks_shared(email) + [OFFICE_NAME] * looks_like_office(name)


def titles() -> list[str]:
    """The titles of the columns of a list."""
    return [title for _key, title in COLUMNS]


def _role_code(words: str) -> str:
    plain = unicodedata.normalize("NFKC", words).strip()
    return _ROLE_OF_WORDS.get(plain, plain)


def _role_fault(words: str) -> str:
    if _role_code(words) == Role.ADMINISTRATOR:
        return "役割：管理者は招待できません。管理者は、当機関への申請により登録します（利用規約 3.1(3.2.1)）。"
    given = "、".join(label(role) for role in GRANTED_BY_MEMBER)
    return f"役割は、{given}のいずれかを入力してください。"
