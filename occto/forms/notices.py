"""Inputs of 招集通知: texts with fields, sending, letters that were posted, one contact, a mail that came back."""

from occto.domain.convocation import CHANNEL_LABELS, NoticeChannel
from occto.domain.notice_texts import BODY_LIMIT, SUBJECT_LIMIT
from occto.forms.base import BaseForm
from occto.forms.fields import ChoiceField, DateField, LineField, TextField
from occto.forms.office import TimeField
from occto.forms.validators import NotFuture, Required

OPEN, LATER = "OPEN", "LATER"


class NoticeForm(BaseForm):
    """The text of a notice."""

    subject = LineField("件名", [Required()], max_length=SUBJECT_LIMIT)
    body = TextField(
        "本文",
        [Required()],
        max_length=BODY_LIMIT,
        rows=28,
        hint="{会員名} のような差込み項目は、送るときに宛先ごとの内容に替わります。お問い合わせ先は、文末に自動で付きます。",
    )


class SendForm(BaseForm):
    """招集通知: whether replies are taken at once."""

    open_replies = ChoiceField(
        "回答の受付",
        [Required()],
        choices=[(OPEN, "招集通知と同時に始める"), (LATER, "あとで始める")],
    )


class PostedForm(BaseForm):
    """郵送 or 手渡し."""

    channel = ChoiceField(
        "届け方",
        [Required()],
        choices=[(one, CHANNEL_LABELS[one]) for one in (NoticeChannel.POST.value, NoticeChannel.HAND.value)],
    )
    posted_on = DateField(
        "郵便局に出した日・手渡した日",
        [Required(), NotFuture()],
        hint="この日時に、会員に通知したものとして記録します。",
    )
    posted_time = TimeField("時刻", [Required()], hint="24時間制。例：15:30")


class ResendForm(BaseForm):
    """The contact that gets the notice once more."""

    email = ChoiceField("送る相手", [Required()])


class ReturnedForm(BaseForm):
    """A mail that came back after a server had taken it."""

    reason = TextField(
        "戻ってきたメールにあった内容",
        [Required()],
        max_length=400,
        rows=3,
        hint="例：550 5.1.1 User unknown（宛先不明）。届いた日時もお書きください。",
    )
