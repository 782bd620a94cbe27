"""What taking a reply and telling about it share."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TakenReply:
    """What was taken. `standing`: it counts now; False where a reply received later was entered before it."""

    id: int
    no: int
    number: str
    receipt_code: str
    received_at: datetime
    standing: bool
