"""結果 in words: what became of an item, and what the minister has given or refused since (業務: `domain` 6, Kinds)."""

from datetime import date, datetime

from occto.domain.agenda import Consent
from occto.domain.errors import Refusal
from occto.domain.resolutions import ConsentOutcome
from occto.domain.tally import OUTCOME_LABELS, Choice, Outcome

CONSENT_WORDS: dict[Consent, str] = {Consent.AUTHORISATION: "認可", Consent.APPROVAL: "承認"}
"""The act of the minister, as the item needs it."""
NOT_YET_DECIDED = "未採決"
WITHDRAWN = "取下げ"


def awaits_consent(outcome: Outcome | None, consent: Consent, given: ConsentOutcome | None) -> bool:
    """Whether the minister still has to say something: only of what was carried."""
    return outcome is Outcome.CARRIED and consent is not Consent.NONE and given is None


def decision_in_words(outcome: Outcome, *, amended: bool) -> str:
    """可決, 修正可決 where it was carried in another wording, 否決, 不成立."""
    words = OUTCOME_LABELS[outcome]
    return f"修正{words}" if amended and outcome is Outcome.CARRIED else words


def outcome_in_words(
    outcome: Outcome | None,
    consent: Consent = Consent.NONE,
    given: ConsentOutcome | None = None,
    *,
    amended: bool = False,
) -> str:
    """可決（認可待ち）, 可決（認可済）, 修正可決（不認可）, 可決, 否決, 不成立, or 未採決 before there is a decision."""
    if outcome is None:
        return NOT_YET_DECIDED
    words = decision_in_words(outcome, amended=amended)
    if outcome is not Outcome.CARRIED or consent is Consent.NONE:
        return words
    return f"{words}（{consent_in_words(consent, given)}）"


def consent_in_words(consent: Consent, given: ConsentOutcome | None) -> str:
    """認可待ち, 認可済, 不認可, and the same of 承認."""
    word = CONSENT_WORDS[consent]
    if given is None:
        return f"{word}待ち"
    return f"{word}済" if given is ConsentOutcome.GRANTED else f"不{word}"


def chair_in_words(choice: Choice | None) -> str:
    """How the chair decided an equal division; empty where there was none."""
    if choice is None:
        return ""
    return f"可否同数のため、議長が{'可決' if choice is Choice.YES else '否決'}と決定しました。"


def concerns(entered_at: datetime, *, decided_at: datetime) -> bool:
    """Whether what was entered of the minister is about this decision: only where it stood already."""
    return entered_at > decided_at


def check_consent(outcome: Outcome | None, consent: Consent, *, decided_on: date, held_on: date, today: date) -> None:
    """What can be recorded of an item. `held_on`: the day of the assembly, however late its result was corrected.

    Refusals: consent_not_needed, not_carried, date_in_future, date_before_decision.
    """
    if consent is Consent.NONE:
        raise Refusal("consent_not_needed", "この議案は、経済産業大臣の認可も承認も必要としません。")
    word = CONSENT_WORDS[consent]
    if outcome is not Outcome.CARRIED:
        raise Refusal("not_carried", f"可決された議案だけに、{word}を記録できます。議案の結果をお確かめください。")
    if decided_on > today:
        raise Refusal(
            "date_in_future",
            f"{word}の日が、まだ来ていません。通知の書面にある日付を入力してください。",
            field="decided_on",
        )
    if decided_on < held_on:
        raise Refusal(
            "date_before_decision",
            f"{word}の日が、総会の日より前です。通知の書面にある日付を入力してください。",
            field="decided_on",
        )
