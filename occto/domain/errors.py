"""Refusals: what the rules do not allow, each with a stable code and a sentence that says what to do next."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An act that the rules do not allow. Nothing was written.

    `code` is stable and asserted by tests; `sentence` is shown to the person; `field` names the input it belongs to.
    """

    def __init__(self, code: str, sentence: str, *, field: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.field = field


class NotAllowed(Refusal):
    """The viewer may not do this at all."""

    def __init__(
        self,
        code: str = "not_allowed",
        sentence: str = "この操作を行う権限がありません。必要な場合は管理者にご相談ください。",
    ) -> None:
        super().__init__(code, sentence)


class NotFound(Refusal):
    """There is no such thing, or none that the viewer may see."""

    def __init__(self, sentence: str = "お探しの内容が見つかりませんでした。アドレスをお確かめください。") -> None:
        super().__init__("not_found", sentence)


class Stale(Refusal):
    """What was on the screen is no longer what is on record."""

    def __init__(
        self,
        sentence: str = "画面を開いたあとに内容が変わりました。新しい内容を確かめてから、もう一度操作してください。",
    ) -> None:
        super().__init__("stale", sentence)


class IllegalStep(Refusal):
    """The flow has no such step from the present state."""

    def __init__(self, step: str, state: str, sentence: str) -> None:
        super().__init__("illegal_step", sentence)
        self.step = step
        self.state = state


class SecondPersonNeeded(Refusal):
    """The act needs a person other than whoever entered, last edited or first checked it."""

    def __init__(self, sentence: str = "入力または確認をした方とは別の方が承認してください。") -> None:
        super().__init__("second_person", sentence)
