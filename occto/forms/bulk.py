"""The confirmation of an act on many rows: the number of rows, typed by the person who starts it."""

from occto.domain.text import InputError, half_width_digits
from occto.forms.base import BaseForm
from occto.forms.fields import HiddenField, InputField
from occto.forms.validators import Required


class CountField(InputField):
    """A number of rows as people write it: 1,234 or １２３４件."""

    inputmode = "numeric"
    width = "w-8"

    def parse(self, text: str) -> int:
        digits = half_width_digits(text).removesuffix("件").replace(",", "").strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            raise InputError("件数を数字で入力してください。")
        return int(digits)


class BulkForm(BaseForm):
    """`seen`: what the page was about, as a digest."""

    typed = CountField("対象の件数", [Required()], hint="上に表示された件数を、確認のために入力してください。")
    seen = HiddenField("")

    def check(self, count: int) -> bool:
        """Whether the number of rows was typed; the sentence beside the field otherwise."""
        if not self.validate():
            return False
        if self["typed"].data != count:
            self.add_error("typed", f"対象は {count:,} 件です。この件数を入力してください。")
        return not self["typed"].errors
