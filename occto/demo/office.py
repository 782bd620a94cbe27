"""The office's side of a change request of the demo, and stories: acts of both sides at their instants."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from occto.demo.filer import Ask, Filer
from occto.demo.plays import Acting, World
from occto.domain.codes import Audience, Verdict
from occto.services.changes import approval, review, splitting
from occto.services.changes.case import newest_revision, rows_of

Place = tuple[str, str]
Act = tuple[int, int, Callable[[datetime], object]]
"""Days before the run, hour of the day, and what is done then."""


def story(world: World, *acts: Act) -> Acting:
    """The acts one after the other, each resumed at its instant."""
    for days, hour, act in acts:
        at = world.ago(days, hour)
        yield at
        act(at)


class Office:
    """What staff do with the request of `filer`."""

    def __init__(self, world: World, filer: Filer) -> None:
        self.world = world
        self.filer = filer

    def take(self, at: datetime) -> None:
        """審査を始める."""
        review.take(self.world.session, *self._id, seen_version=self._seen, actor=self.world.operator, now=at)

    def mark(self, at: datetime, remarks: Mapping[Place, str]) -> None:
        """Marks of all items: with words to the company where there are any, else fine."""
        revision = newest_revision(self.world.session, self.filer.id)
        assert revision is not None
        places = [(row.item, row.target_key) for row in rows_of(self.world.session, revision)]
        marks: dict[Place, tuple[Verdict, str | None, str | None]] = dict.fromkeys(places, (Verdict.FINE, None, None))
        marks |= {place: (Verdict.REMARK, None, words) for place, words in remarks.items()}
        review.mark(
            self.world.session, *self._id, marks=marks, seen_version=self._seen, actor=self.world.operator, now=at
        )

    def give_back(self, at: datetime, reason: str, remarks: Mapping[Place, str]) -> None:
        """差し戻す."""
        review.give_back(
            self.world.session,
            *self._id,
            reason=reason,
            remarks=remarks,
            seen_version=self._seen,
            actor=self.world.operator,
            now=at,
        )

    def hold(self, at: datetime, reason: str) -> None:
        """保留にする."""
        review.hold(
            self.world.session, *self._id, reason=reason, seen_version=self._seen, actor=self.world.operator, now=at
        )

    def check(self, at: datetime, *, by: str = "operator") -> None:
        """The first person's part."""
        review.check(self.world.session, *self._id, seen_version=self._seen, actor=self.world.staff[by], now=at)

    def approve(self, at: datetime, *, by: str = "approver1") -> None:
        """承認する."""
        approval.approve(self.world.session, *self._id, seen_version=self._seen, actor=self.world.staff[by], now=at)

    def split(self, at: datetime, places: Iterable[Place], reason: str) -> None:
        """申請を分ける."""
        splitting.split(
            self.world.session,
            *self._id,
            places=places,
            reason=reason,
            seen_version=self._seen,
            actor=self.world.operator,
            now=at,
        )

    def write(self, at: datetime, body: str, *, audience: Audience = Audience.PARTY) -> None:
        """A letter to the member, or a note among staff."""
        review.write_remark(
            self.world.session, *self._id, body=body, audience=audience, actor=self.world.operator, now=at
        )

    @property
    def _id(self) -> tuple[int]:
        return (self.filer.id,)

    @property
    def _seen(self) -> int:
        return self.filer.request.version


def filed(filer: Filer, ask: Callable[[], Ask], days: int, *, occurred_on: date) -> tuple[Act, Act]:
    """Fill a request in at nine and submit it at ten, so many days ago. `ask` is read at nine."""

    def fill(at: datetime) -> None:
        asked = ask()
        filer.start(asked, occurred_on=occurred_on, now=at)
        filer.fill(asked, now=at)

    return (days, 9, fill), (days, 10, filer.submit)
