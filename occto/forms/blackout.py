"""紙の控え: what was written down at the door."""

from occto.domain.paper_entries import MOST_LINES
from occto.forms.base import BaseForm
from occto.forms.fields import TextField
from occto.forms.validators import Required


class PaperArrivalsForm(BaseForm):
    """Arrivals, a line each."""

    lines = TextField(
        "番号と時刻",
        [Required()],
        max_length=20_000,
        rows=12,
        hint=f"1行に1名ずつ、番号と時刻を空白で区切ります。例：2041-7 9:41　一度に{MOST_LINES}行まで入力できます。",
    )
