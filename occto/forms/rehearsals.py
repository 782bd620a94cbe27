"""リハーサル: what its doors ask."""

from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField
from occto.forms.office import NumberField
from occto.forms.validators import Required

MOST_ARRIVALS = 200
COPIED, INVENTED = "COPIED", "INVENTED"
_REPLIES = ((COPIED, "いまある出欠の回答だけを写す"), (INVENTED, "まだ回答していない会員の回答も、架空に作る"))


class RehearsalForm(BaseForm):
    """A rehearsal begins."""

    replies = ChoiceField(
        "回答",
        [Required()],
        choices=_REPLIES,
        hint="架空の回答は、出席・事前行使・議長一任・欠席を、よくある割合で作ります。",
    )


class ArrivalsForm(BaseForm):
    """架空の来場."""

    count = NumberField(
        "来場する人数", [Required()], highest=MOST_ARRIVALS, hint=f"一度に{MOST_ARRIVALS}名まで進められます。"
    )
