"""The input of the public check of 加入証跡."""

from occto.domain.certificates import LONGEST_TYPED
from occto.forms.base import BaseForm
from occto.forms.fields import DateField, LineField
from occto.forms.validators import Required


class CheckForm(BaseForm):
    code = LineField(
        "確認番号",
        [Required()],
        max_length=LONGEST_TYPED,
        hint="証跡に書かれた12文字の英数字です。例：K7QM-4T9X-2BZ8。ハイフンはなくても、小文字や全角でもかまいません。",
        width="w-13",
        autocomplete="off",
    )
    date = DateField(
        "いつの時点で確かめるか",
        hint="空欄のときは今日の時点です。例：2026年11月23日、令和8.11.23",
    )
