"""VERBS of 採決 and of the result: votes on the floor, the decision on each item, 結果確定, 訂正 and 公表."""

from occto.services.resolutions.deciding import decide_item
from occto.services.resolutions.fixing import correct_result, fix_result, publish_result
from occto.services.resolutions.sheets import record_floor_vote, record_floor_votes, record_sheet, start_voting

__all__ = [
    "correct_result",
    "decide_item",
    "fix_result",
    "publish_result",
    "record_floor_vote",
    "record_floor_votes",
    "record_sheet",
    "start_voting",
]
