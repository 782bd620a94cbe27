"""How each case of joining goes: acts of applicant and staff through the verbs, resumed at their instants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.demo.accounts import ACCOUNTS
from occto.demo.applicant import Applicant
from occto.demo.companies import company
from occto.demo.filer import Filer
from occto.demo.rows import Scene
from occto.demo.shapes import APPLICANTS, BLOCK
from occto.domain.actor import Actor
from occto.domain.codes import Audience
from occto.domain.dates import start_of_day, today_jst
from occto.domain.joining import membership_date
from occto.models import Application, Member
from occto.services.joining import approval, lapse, paper, review, submission

Acting = Iterator[datetime]
"""A case: it yields the instant of its next act and is resumed at that instant."""
_FIRST_CODE = 90_000


@dataclass(slots=True)
class World:
    """What the cases share: the staff by login, and the day of the run."""

    session: Session
    scene: Scene
    now: datetime
    staff: dict[str, Actor]
    codes: Iterator[int] = field(default_factory=lambda: iter(range(_FIRST_CODE, 100_000)))

    @property
    def today(self) -> date:
        """The day of the run in Japan."""
        return self.scene.today

    @property
    def operator(self) -> Actor:
        return self.staff["operator"]

    @property
    def approver(self) -> Actor:
        return self.staff["approver1"]

    def ago(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """An hour of office so many days ago, never after the run itself."""
        at = start_of_day(self.today - timedelta(days=days)) + timedelta(hours=hour, minutes=minute)
        return min(at, self.now)

    def applicant(self, number: int, position: int = 14, *, contractor: bool = False) -> Applicant:
        """The company of case `number`; `position` in a block decides what it does for a living."""
        made = company(self.scene.seed, APPLICANTS + number * BLOCK + position, today=self.today)
        return Applicant(self.session, made, contractor=contractor)

    def filer(self, index: int, *, person: int | None = None, staff: Actor | None = None) -> Filer:
        """Member `index` with a change to report, or the office in its place."""
        made = company(self.scene.seed, index, today=self.today)
        return Filer(self.session, self.scene, made, person=person, staff=staff)

    def seen(self, a: Applicant, actor: Actor) -> tuple[int, dict[str, object]]:
        """What a verb of staff is called with: the id, the version on the screen and who acts."""
        return a.id, {"seen_version": a.case.version, "actor": actor}


def draft(world: World, a: Applicant, days: int) -> Acting:
    """Begun, agreed, the first sections saved, one of them with something wrong."""
    yield world.ago(days, 9)
    a.start(world.ago(days, 9))
    yield world.ago(days, 9, 20)
    a.agree(world.ago(days, 9, 20))
    a.fill(world.ago(days, 9, 20), sections=("entrant", "company"))
    half = {"representative_title": "代表取締役", "representative_name": "", "capital": "1億円くらい"}
    a.save("outline", None, now=world.ago(days, 9, 20), as_typed=half)


def filled(world: World, a: Applicant, days: int) -> Acting:
    """Everything is there; only the submission is missing."""
    yield world.ago(days + 1, 14)
    a.start(world.ago(days + 1, 14))
    a.agree(world.ago(days + 1, 14))
    yield world.ago(days, 9, 30)
    a.fill(world.ago(days, 9, 30))


def removed(world: World, a: Applicant, days: int) -> Acting:
    yield from draft(world, a, days)
    yield world.ago(days - 77, 4)
    lapse.remind_of_draft(world.session, a.id, now=world.ago(days - 77, 4))
    yield world.ago(days - 91, 4)
    lapse.remove_draft(world.session, a.id, now=world.ago(days - 91, 4))


def submitted(world: World, a: Applicant, days: int) -> Acting:
    yield from filled(world, a, days)
    yield world.ago(days, 11)
    a.submit(world.ago(days, 11))
    if a.contractor:
        yield world.ago(days, 15)
        a.confirm(world.ago(days, 15))


def unconfirmed(world: World, a: Applicant, days: int) -> Acting:
    """A contractor has submitted; the 会員担当 has not confirmed yet (利用規約 2.3)."""
    yield from filled(world, a, days)
    yield world.ago(days, 11)
    a.submit(world.ago(days, 11))


def on_paper(world: World, a: Applicant, days: int) -> Acting:
    """Keyed in by staff a day after it arrived."""
    at = world.ago(days, 10)
    yield at
    a.staff = world.operator
    a.id = paper.start_paper_application(world.session, email=a.email, actor=world.operator, now=at)
    a.agree(at)
    a.fill(at)
    a.submit(at, received_at=world.ago(days + 1, 13))


def taken(world: World, a: Applicant, days: int) -> Acting:
    yield from submitted(world, a, days)
    at = world.ago(max(days - 1, 0), 13)
    yield at
    number, screen = world.seen(a, world.operator)
    review.take(world.session, number, **screen, now=at)  # type: ignore[arg-type]


def held(world: World, a: Applicant, days: int) -> Acting:
    yield from taken(world, a, days)
    at = world.ago(days - 2, 16)
    yield at
    review.write_remark(
        world.session,
        a.id,
        body="資本関係図の出資比率が登記と合わないため、会社に電話で確認中。",
        audience=Audience.STAFF,
        actor=world.operator,
        now=at,
    )
    number, screen = world.seen(a, world.operator)
    reason = "資本関係について会社からの回答を待っています。"
    review.hold(world.session, number, reason=reason, **screen, now=at)  # type: ignore[arg-type]


def returned(world: World, a: Applicant, days: int) -> Acting:
    yield from taken(world, a, days)
    at = world.ago(days - 3, 11)
    yield at
    number, screen = world.seen(a, world.operator)
    remarks = {
        "company": "本店所在地が登記事項証明書と異なります。建物名までご確認ください。",
        "files": "登記事項証明書が3か月より前のものです。新しいものを添付してください。",
    }
    reason = "2か所ご確認のうえ、もう一度提出してください。"
    review.give_back(world.session, number, reason=reason, remarks=remarks, **screen, now=at)  # type: ignore[arg-type]


def submitted_again(world: World, a: Applicant, days: int) -> Acting:
    yield from returned(world, a, days)
    at = world.ago(days - 5, 14)
    yield at
    body = "登記事項証明書を差し替えました。よろしくお願いいたします。"
    review.write_remark(world.session, a.id, body=body, audience=Audience.PARTY, actor=a.actor, now=at)
    a.submit(at)


def accepted(world: World, a: Applicant, days: int) -> Acting:
    yield from taken(world, a, days)
    at = world.ago(days - 4, 15)
    yield at
    number, screen = world.seen(a, world.operator)
    review.accept(world.session, number, **screen, now=at)  # type: ignore[arg-type]


def coded(world: World, a: Applicant, days: int) -> Acting:
    """Accepted, and the 事業者コード is recorded."""
    yield from accepted(world, a, days)
    at = world.ago(days - 6, 11)
    yield at
    number, screen = world.seen(a, world.operator)
    code = f"{next(world.codes):05d}"
    review.record_operator_code(world.session, number, operator_code=code, **screen, now=at)  # type: ignore[arg-type]


def extended(world: World, a: Applicant, days: int) -> Acting:
    yield from accepted(world, a, days)
    at = world.ago(20)
    yield at
    number, screen = world.seen(a, world.approver)
    until, reason = world.today + timedelta(days=120), "系統連系の工事が遅れているとの申出があったため。"
    lapse.extend(world.session, number, until=until, reason=reason, **screen, now=at)  # type: ignore[arg-type]


def lapsed(world: World, a: Applicant, days: int) -> Acting:
    yield from accepted(world, a, days)
    at = world.ago(15)
    yield at
    number, screen = world.seen(a, world.approver)
    reason = "1年のあいだ本申請がなく、経済産業省の登録等もないことを確認したため。"
    lapse.lapse(world.session, number, reason=reason, no_act_confirmed=True, **screen, now=at)  # type: ignore[arg-type]


def not_qualified(world: World, a: Applicant, days: int) -> Acting:
    yield from coded(world, a, days)
    at = world.ago(days - 40)
    yield at
    number, screen = world.seen(a, world.approver)
    reason = "経済産業省への届出が取り下げられたため。"
    review.not_qualified(world.session, number, reason=reason, no_act_confirmed=True, **screen, now=at)  # type: ignore[arg-type]


def withdrawn(world: World, a: Applicant, days: int) -> Acting:
    yield from taken(world, a, days)
    at = world.ago(days - 5, 17)
    yield at
    submission.withdraw(world.session, a.id, actor=a.actor, now=at, reason="事業計画を見直すため。")


def carried(world: World, a: Applicant, days: int) -> Acting:
    """A year is over, but a METI act was found: staff open the main application."""
    yield from accepted(world, a, days)
    at = world.ago(8)
    yield at
    number, screen = world.seen(a, world.approver)
    reason = "経済産業省の公表資料で届出の受理を確認したため。"
    lapse.carry_to_main(world.session, number, reason=reason, **screen, now=at)  # type: ignore[arg-type]


def main_begun(world: World, a: Applicant, days: int) -> Acting:
    yield from coded(world, a, days)
    at = world.ago(days - 20, 13)
    yield at
    a.main_application(at, dict.fromkeys(a.licences[:1], None))


def main_sent(world: World, a: Applicant, days: int, *, act: int = 15, sent: int = 20) -> Acting:
    """The main application; the METI act came `act` days after the provisional submission (before it: negative)."""
    yield from coded(world, a, days)
    at = world.ago(days - sent, 13)
    yield at
    day = world.today - timedelta(days=days - act)
    a.main_application(at, dict.fromkeys(a.licences, day))
    a.submit(at)


def main_late(world: World, a: Applicant, days: int) -> Acting:
    """The METI act lies before the first submission: staff decide the day of membership."""
    yield from main_sent(world, a, days, act=-12)


def main_pending(world: World, a: Applicant, days: int) -> Acting:
    yield from coded(world, a, days)
    at = world.ago(days - 12, 13)
    yield at
    a.main_application(at, dict.fromkeys(a.licences, None))
    a.submit(at)


def main_returned(world: World, a: Applicant, days: int) -> Acting:
    yield from main_sent(world, a, days)
    at = world.ago(days - 22, 10)
    yield at
    number, screen = world.seen(a, world.operator)
    remarks = {"acts": "届出の受理日が通知の写しと異なります。"}
    reason = "経済産業省の届出の日付をご確認ください。"
    review.give_back(world.session, number, reason=reason, remarks=remarks, **screen, now=at)  # type: ignore[arg-type]


def main_held(world: World, a: Applicant, days: int) -> Acting:
    yield from main_sent(world, a, days)
    at = world.ago(days - 21, 10)
    yield at
    number, screen = world.seen(a, world.operator)
    reason = "親法人等の法人番号を国税庁の公表サイトで確認中です。"
    review.hold(world.session, number, reason=reason, **screen, now=at)  # type: ignore[arg-type]


def main_on_paper(world: World, a: Applicant, days: int) -> Acting:
    """Both applications came on paper."""
    yield from on_paper(world, a, days)
    at = world.ago(days - 4, 15)
    yield at
    number, screen = world.seen(a, world.approver)
    review.accept(world.session, number, **screen, now=at)  # type: ignore[arg-type]
    number, screen = world.seen(a, world.operator)
    code = f"{next(world.codes):05d}"
    review.record_operator_code(world.session, number, operator_code=code, **screen, now=at)  # type: ignore[arg-type]
    at = world.ago(days - 20, 11)
    yield at
    a.main_application(at, dict.fromkeys(a.licences, world.today - timedelta(days=days - 10)))
    a.submit(at, received_at=world.ago(days - 19, 13))


def checked(world: World, a: Applicant, days: int, *, act: int = 15) -> Acting:
    """The first person has checked; the second is still to approve."""
    yield from main_sent(world, a, days, act=act)
    at = world.ago(days - 22, 14)
    yield at
    number, screen = world.seen(a, world.operator)
    submitted_at = a.case.submitted_at
    assert submitted_at is not None
    lawful = membership_date(submitted_at=submitted_at, act_dates=[today_jst(submitted_at) + timedelta(days=act)])
    reason = "" if lawful.by_law else "登録の後に仮申請があったため、仮申請の提出日とします（電気事業法28条の11）。"
    review.check(
        world.session,
        number,
        member_on=lawful.on,
        member_on_reason=reason,
        roster_no=_next_roster_no(world),
        **screen,  # type: ignore[arg-type]
        now=at,
    )


def checked_late(world: World, a: Applicant, days: int) -> Acting:
    yield from checked(world, a, days, act=-12)


def approved(world: World, a: Applicant, days: int, *, act: int = 15) -> Acting:
    yield from checked(world, a, days, act=act)
    at = world.ago(days - 23, 16)
    yield at
    number, screen = world.seen(a, world.approver)
    approval.approve(world.session, number, **screen, now=at)  # type: ignore[arg-type]


def approved_late(world: World, a: Applicant, days: int) -> Acting:
    yield from approved(world, a, days, act=-12)


def approved_in_family(world: World, a: Applicant, days: int) -> Acting:
    """A subsidiary of a member, with an administrator who serves other members already."""
    parent = world.session.get(Member, 1)
    known = next(account for account in ACCOUNTS if account.company == 4)
    assert parent is not None
    profile = company(world.scene.seed, 0, today=world.today).profile
    a.relations = [
        {
            "relation": "PARENT",
            "name": parent.current_name,
            "corporate_number": profile["corporate_number"],
            "is_member": "YES",
            "controlling": True,
            "basis": "MAJORITY",
            "holding": "DIRECT",
            "ratio_bp": 6_600,
            "acquired_on": (world.today - timedelta(days=days + 60)).isoformat(),
            "ended_on": None,
        }
    ]
    a.administrator = {
        "administrator_title": known.title,
        "administrator_name": known.name,
        "administrator_kana": known.kana,
        "administrator_email": known.login,
        "administrator_phone": "03-0000-1104",
    }
    yield from approved(world, a, days)


def _next_roster_no(world: World) -> int:
    """The number after those given and those proposed in cases that wait for the second person."""
    proposed = world.session.scalar(select(func.max(Application.roster_no))) or 0
    return max(review.next_roster_no(world.session), proposed + 1)
