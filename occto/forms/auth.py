"""Inputs of sign-in, the second factor and the password."""

from occto.forms.base import BaseForm
from occto.forms.fields import EmailField, LineField, SecretField
from occto.forms.validators import Required


class SignInForm(BaseForm):
    email = EmailField("メールアドレス", [Required()], autocomplete="username")
    password = SecretField(
        "パスワード",
        [Required()],
        hint="貼り付けや、パスワード管理ソフトからの入力もできます。",
        autocomplete="current-password",
    )


class SecondFactorForm(BaseForm):
    code = LineField("確認コード", [Required()], max_length=20, autocomplete="one-time-code", width="w-13")


class SetUpSecondFactorForm(BaseForm):
    code = LineField(
        "確認コード", [Required()], max_length=20, autocomplete="one-time-code", inputmode="numeric", width="w-13"
    )


class EmailForm(BaseForm):
    email = EmailField("メールアドレス", [Required()], autocomplete="email")


class NewPasswordForm(BaseForm):
    password = SecretField("新しいパスワード", [Required()], autocomplete="new-password")
    again = SecretField("新しいパスワード（確認のためもう一度）", [Required()], autocomplete="new-password")
