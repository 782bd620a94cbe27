"""Inputs about IDs: their stop and its end, accounts of the staff, the reason for looking at a member's pages."""

from occto.domain.permissions import STAFF_ROLES, Role
from occto.forms.base import BaseForm
from occto.forms.fields import ChoicesField, EmailField, LineField, TextField
from occto.forms.validators import Required
from occto.labels import label


class StopForm(BaseForm):
    """停止 of an ID (利用規約 3.3/3.4.4)."""

    ground = TextField(
        "停止の事由",
        [Required()],
        max_length=1000,
        rows=4,
        hint="いつ、何があったかを書いてください。ご本人と会社へのお知らせに、このまま載ります。",
    )


class ResumeForm(BaseForm):
    """The end of a stop."""

    reason = TextField("停止を解除する理由", [Required()], max_length=1000, rows=3, hint="職員だけが見る記録です。")


class ViewAsForm(BaseForm):
    """Why somebody of the staff looks at the pages of a member."""

    reason = TextField(
        "表示する理由",
        [Required()],
        max_length=500,
        rows=3,
        hint="会員へのお知らせに、このまま載ります。例：11月27日にお電話でお問い合わせのあった、変更申請の画面の確認",
    )


def _roles() -> ChoicesField:
    return ChoicesField(
        "役割",
        [Required("役割を1つ以上選んでください。")],
        choices=[(role.value, label(role)) for role in STAFF_ROLES],
        choice_hints={
            Role.OPERATOR.value: "受付、差戻し、仮申請の受付、事業者コード、書面の入力、メール",
            Role.APPROVER.value: "本申請・変更・管理者の承認、名簿番号、利用契約",
            Role.SYSTEM.value: "職員のユーザID、技術的な設定。業務の決定はできません",
            Role.RECEPTION.value: "総会当日の受付の取消し、代わりの方の受付",
        },
    )


class RolesForm(BaseForm):
    """The roles of a member of the staff."""

    roles = _roles()


class StaffForm(BaseForm):
    """A new member of the staff."""

    email = EmailField("メールアドレス", [Required()], hint="ご本人だけが読むアドレス。これがログインIDになります。")
    name = LineField("氏名", [Required()], max_length=80)
    roles = _roles()
