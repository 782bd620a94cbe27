"""リハーサル: the day of an assembly tried on a copy, with its own small flow beside that of every assembly."""

from typing import Final

from occto.domain.assembly import FROZEN_OR_LATER, LABELS, AssemblyState
from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step

S = AssemblyState
_HALL: Final = frozenset({S.HALL_OPEN.value, S.VOTING.value})
RUNNING: Final = _HALL | {S.REPLIES_CLOSED.value, S.RESULT_FIXED.value, S.PUBLISHED.value}
REHEARSAL = Flow(
    name="rehearsal",
    title="リハーサル",
    states=AssemblyState,
    labels={str(key): words for key, words in LABELS.items()},
    steps=(
        Step("start", "リハーサルを始める", frozenset(FROZEN_OR_LATER - _HALL), None, Permission.ASSEMBLY_EDIT),
        Step("arrive", "架空の来場を進める", _HALL, None, Permission.ASSEMBLY_EDIT),
        Step("end", "リハーサルを終える", RUNNING, S.CANCELLED, Permission.ASSEMBLY_EDIT),
    ),
)
"""«start» is a step of the real assembly, which stays as it is; the others are of the copy."""
STEPS_OF_A_COPY: Final = frozenset(
    {
        *("open_hall", "start_voting", "record_votes", "decide_item", "withdraw_item"),
        *("fix_result", "correct_result", "publish"),
    }
)
"""What may be done to a copy out of the flow of an assembly: the day itself. Everything else reaches members or the law."""
