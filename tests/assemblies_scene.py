"""The pages of 総会 as a member of them: what tests over HTTP stand on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AgendaItem, Assembly, Member, User
from occto.queries.replies import standing
from tests import assembling
from tests.clients import Browser
from tests.factories import NOW, Factory

S, A = AssemblyState, Attendance
SECRET = "秘密の意見"


def telling_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Tell what time it is; NOW to begin with."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(NOW)
    return set_clock


@dataclass
class Place:
    make: Factory
    member: Member
    user: User
    held: Assembly
    items: list[AgendaItem]

    def browser(self, user: User | None = None) -> Browser:
        return self.make.signed_in(user or self.user, member=self.member)

    @property
    def url(self) -> str:
        return f"/assemblies/{self.held.id}"

    def voted(self, choice: Choice = Choice.YES) -> dict[str, str]:
        return {"attendance": "ELECTRONIC"} | {f"item_{one.id}": choice.value for one in self.items}

    def answer(self, browser: Browser, values: dict[str, str]) -> Browser:
        """Fill in, check, confirm."""
        browser.get(f"{self.url}/reply")
        browser.submit(values)
        assert "まだ回答は送られていません" in browser.text, browser.text
        browser.submit({"confirmed": "y"})
        return browser


def somewhere(make: Factory, state: S = S.REPLIES_OPEN, *, items: int = 2, **changes: object) -> Place:
    member, user = make.member(licences=("GEN",)), make.user(title="経営企画部 部長")
    make.affiliate(user, member)
    make.member()
    held = assembling.assembly(make, state, **changes)  # type: ignore[arg-type]
    return Place(make, member, user, held, [assembling.item(held, no) for no in range(1, items + 1)])


def stood(of: Place) -> Attendance | None:
    db.session.rollback()
    found = standing(db.session(), of.held.id, of.member.id)
    return found.reply.answer.attendance if found else None
