"""The change requests of the demo's first company, one in each state that people see, and the office's own entries."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from occto.demo import filer as ask
from occto.demo.companies import company
from occto.demo.filer import Ask, Filer
from occto.demo.office import Office, filed, story
from occto.demo.plays import Acting, World
from occto.demo.rows import member_id
from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind, Audience, ChangeAct, Channel, EndReason, Licence
from occto.models import ProfileFact

LATE_MEMBER, PAPER_MEMBER, MERGED, SUCCESSOR, SUBSIDIARY = 11, 36, 22, 21, 13
"""Members other than the first that stories here are about, by index."""
_ADMINISTRATOR, _CLERK = 0, 1


def stories(world: World) -> Iterator[Acting]:
    """Every story of this module, to be resumed at its instants."""
    for play in (
        *(_draft, _waiting, _taken, _returned, _held, _approved_to_come, _approved, _withdrawn, _revised, _checked),
        *(_split, _at_once, _corrected, _late, _on_paper, _merged),
    ):
        yield play(world)


def _mine(world: World, person: int = _CLERK) -> tuple[Filer, Office]:
    filer = world.filer(0, person=person)
    return filer, Office(world, filer)


def _day(world: World, days: int) -> date:
    """So many days before the run; after it where negative."""
    return world.today - timedelta(days=days)


def _first_of_month(day: date) -> date:
    """The first of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _draft(world: World) -> Acting:
    """下書き: two parts, one of them with something wrong in it."""
    filer, _office = _mine(world)
    on = _first_of_month(world.today)
    outline = {"representative_title": "代表取締役社長", "representative_name": "", "capital": "12億円くらい"}

    def fill(at: datetime) -> None:
        asked = Ask({Part.OUTLINE: {}, Part.CONTACTS: {}})
        filer.start(asked, occurred_on=_day(world, 2), now=at)
        filer.save(Part.OUTLINE, None, as_typed=outline | {"effective_on": on.isoformat()}, now=at)
        filer.fill(ask.contacts("accounting_contact", on, name="髙梨 由美"), now=at)

    return story(world, (1, 16, fill))


def _waiting(world: World) -> Acting:
    """審査待ち."""
    filer, _office = _mine(world)
    area = ask.profile(Part.BUSINESS, _day(world, 3), area="関東地方の1都6県、静岡県（富士川以東）、山梨県")
    return story(world, *filed(filer, lambda: area, 2, occurred_on=_day(world, 4)))


def _taken(world: World) -> Acting:
    """審査中, with marks per item and a note among staff."""
    filer, office = _mine(world)
    moved: dict[str, Any] = {
        "postal_code": "105-0003",
        "prefecture": "東京都",
        "address": "港区西新橋3丁目4番5号 汐見ビル12階",
    }
    asked = ask.profile(Part.COMPANY, _day(world, 20), **moved)
    remarks = {("address", ""): "登記事項証明書では「12階」の記載がありません。記載のとおりかご確認ください。"}
    return story(
        world,
        *filed(filer, lambda: asked, 6, occurred_on=_day(world, 21)),
        (5, 11, office.take),
        (5, 14, lambda at: office.mark(at, remarks)),
        (4, 15, lambda at: office.write(at, "国税庁の公表サイトの所在地を確認中。", audience=Audience.STAFF)),
    )


def _returned(world: World) -> Acting:
    """差戻し, with remarks per item and letters both ways."""
    filer, office = _mine(world)
    person: dict[str, Any] = {"representative_name": "潮田 美咲", "representative_kana": "シオタ　ミサキ"}
    asked = ask.profile(Part.OUTLINE, _day(world, 24), **person)
    remarks = {
        ("representative_name", ""): "登記事項証明書の氏名の字体と異なります。証明書のとおりに入力してください。",
        ("representative_kana", ""): "氏名に合わせて、フリガナもご確認ください。",
    }
    reason = "氏名の字体をご確認のうえ、もう一度提出してください。"
    return story(
        world,
        *filed(filer, lambda: asked, 14, occurred_on=_day(world, 24)),
        (13, 10, office.take),
        (12, 11, lambda at: office.give_back(at, reason, remarks)),
        (11, 9, lambda at: filer.write("登記の手続き中です。来週、新しい証明書が届く予定です。", now=at)),
        (11, 16, lambda at: office.write(at, "承知しました。証明書が届きましたら、添付して提出してください。")),
    )


def _held(world: World) -> Acting:
    """保留: control over another member, the papers of which are being asked for."""
    filer, office = _mine(world, _ADMINISTRATOR)
    child = company(world.scene.seed, SUBSIDIARY, today=world.today)
    asked = ask.subsidiary_added(child, _day(world, 15), ratio_bp=6_700)
    reason = "株式の取得日について、取得先の会社に確認しています。"
    return story(
        world,
        *filed(filer, lambda: asked, 10, occurred_on=_day(world, 15)),
        (9, 10, office.take),
        (8, 15, lambda at: office.hold(at, reason)),
    )


def _approved_to_come(world: World) -> Acting:
    """承認済, in force from a day to come: the new name stands on record as a fact to come."""
    filer, office = _mine(world, _ADMINISTRATOR)
    names = {"name": "汐見エナジーホールディングス株式会社", "kana": "シオミエナジーホールディングス"}
    on = _first_of_month(world.today + timedelta(days=30))
    asked = ask.profile(Part.COMPANY, on, proved=("name",), **names, name_en="Shiomi Energy Holdings Co., Ltd.")
    return story(
        world,
        *filed(filer, lambda: asked, 19, occurred_on=_day(world, 26)),
        (18, 10, office.take),
        (17, 14, office.approve),
    )


def _approved(world: World) -> Acting:
    """承認済, in force since."""
    filer, office = _mine(world)
    address = filer.company.profile_on(world.today)["address"]
    asked = ask.profile(Part.COMPANY, _day(world, 62), address=f"{address} 別館3階")
    return story(
        world,
        *filed(filer, lambda: asked, 58, occurred_on=_day(world, 62)),
        (57, 10, office.take),
        (56, 15, office.approve),
    )


def _withdrawn(world: World) -> Acting:
    """取下げ."""
    filer, office = _mine(world, _ADMINISTRATOR)
    capital = filer.company.profile_on(world.today)["capital"]
    asked = ask.profile(Part.OUTLINE, _day(world, 40), proved=("capital",), capital=capital - 100_000_000)
    return story(
        world,
        *filed(filer, lambda: asked, 37, occurred_on=_day(world, 40)),
        (36, 10, office.take),
        (35, 9, lambda at: filer.withdraw(at, reason="減資の登記の日が変わったため。")),
    )


def _revised(world: World) -> Acting:
    """第3版: returned twice, submitted three times; waits anew."""
    filer, office = _mine(world, _ADMINISTRATOR)

    def added(days: int, number: str) -> Ask:
        return ask.licence_added(Licence.AGG, _day(world, days), number=number)

    def again(asked: Ask, at: datetime) -> None:
        for part, answers in asked.parts.items():
            filer.save(part, answers, now=at)
        filer.submit(at)

    place = ("licence", Licence.AGG.value)
    return story(
        world,
        *filed(filer, lambda: added(30, "T0028"), 18, occurred_on=_day(world, 30)),
        (17, 10, office.take),
        (17, 11, lambda at: office.give_back(at, "日付をご確認ください。", {place: "通知の日付と異なります。"})),
        (15, 13, lambda at: again(added(28, "T0028"), at)),
        (14, 10, office.take),
        (14, 16, lambda at: office.give_back(at, "番号をご確認ください。", {place: "届出番号が通知と異なります。"})),
        (5, 15, lambda at: again(added(28, "T0082"), at)),
        (5, 16, lambda at: filer.write("番号を通知のとおりに直しました。", now=at)),
    )


def _checked(world: World) -> Acting:
    """What touches votes: the operator has checked, an approver is still to approve."""
    filer, office = _mine(world, _ADMINISTRATOR)
    capital = filer.company.profile_on(world.today)["capital"]
    asked = ask.profile(Part.OUTLINE, _day(world, 8), proved=("capital",), capital=capital + 1_000_000_000)
    return story(
        world,
        *filed(filer, lambda: asked, 7, occurred_on=_day(world, 8)),
        (6, 10, office.take),
        (6, 11, lambda at: office.mark(at, {})),
        (6, 13, office.check),
    )


def _split(world: World) -> Acting:
    """Split: the end of a licence goes on in a request of its own, the rest is approved."""
    filer, office = _mine(world)
    ending: list[int] = []

    def asked() -> Ask:
        ending.append(filer.licence_id(Licence.GEN))
        started = ask.profile(Part.BUSINESS, _day(world, 20), starts_on=_day(world, -60).isoformat())
        return started | ask.licence_ended(ending[0], _day(world, -45), EndReason.CLOSURE_NOTIFICATION.value)

    def split(at: datetime) -> None:
        reason = "区分の終了は、経済産業省への届出の受理を待つため、別の申請として審査します。"
        office.split(at, [("licence", f"licence:{ending[0]}")], reason)

    return story(
        world,
        *filed(filer, asked, 16, occurred_on=_day(world, 22)),
        (15, 10, office.take),
        (15, 14, split),
        (13, 11, office.approve),
    )


def _at_once(world: World) -> Acting:
    """Contacts take effect with the submission."""
    filer, _office = _mine(world)
    person = {"department": "経営企画部 主任", "name": "﨑山 陽介", "email": "sakiyama@shiomi.example.jp"}
    asked = ask.contacts("assembly_contact", _day(world, 27), phone="03-0000-1042", **person)
    return story(world, *filed(filer, lambda: asked, 27, occurred_on=_day(world, 27)))


def _corrected(world: World) -> Acting:
    """訂正 by the office: what was keyed in wrongly years ago; another person approves."""
    filer = world.filer(0, staff=world.operator)
    office = Office(world, filer)

    def fill(at: datetime) -> None:
        wanted = (ProfileFact.member_id == member_id(0), ProfileFact.item == "starts_on")
        fact = world.session.scalars(select(ProfileFact).where(*wanted, ProfileFact.voided_id.is_(None))).one()
        value = (date.fromisoformat(fact.value) + timedelta(days=10)).isoformat()
        row = {"kind": "fact", "act": ChangeAct.CORRECT.value, "item": "starts_on", "fact_id": fact.id, "value": value}
        asked = Ask({Part.CORRECTIONS: {"rows": [row | {"effective_on": fact.effective_on.isoformat()}]}})
        reason = "当初の登録で事業開始日を読み違えていたため。"
        filer.start(asked, occurred_on=_day(world, 31), channel=Channel.STAFF, reason=reason, now=at)
        filer.fill(asked, now=at)

    return story(world, (31, 9, fill), (31, 10, filer.submit), (30, 14, office.approve))


def _late(world: World) -> Acting:
    """A licence whose METI act became known only after the record date of the assembly that is being prepared."""
    filer = world.filer(LATE_MEMBER)
    office = Office(world, filer)
    asked = ask.licence_added(Licence.GEN, _day(world, 33), number="G0311")
    return story(
        world,
        *filed(filer, lambda: asked, 12, occurred_on=_day(world, 33)),
        (11, 10, office.take),
        (10, 14, office.check),
        (9, 15, office.approve),
    )


def _on_paper(world: World) -> Acting:
    """A member without a contract of use writes a letter; staff key it in with the scan and the time received."""
    filer = world.filer(PAPER_MEMBER, staff=world.operator)
    office = Office(world, filer)
    received = world.ago(9, 14)

    def fill(at: datetime) -> None:
        asked = ask.profile(
            Part.OUTLINE, _day(world, 16), representative_name="浦野 茂", representative_kana="ウラノ　シゲル"
        )
        scan = {AttachmentKind.PAPER_SCAN: ("representative_name", "representative_kana")}
        whole = Ask(asked.parts, scan)
        filer.start(whole, occurred_on=_day(world, 16), channel=Channel.PAPER, received_at=received, now=at)
        filer.fill(whole, now=at)

    return story(world, (8, 9, fill), (8, 10, filer.submit), (6, 15, office.approve))


def _merged(world: World) -> Acting:
    """合併: the office enters it, two others check and approve; the member that is gone names its successor."""
    filer = world.filer(MERGED, staff=world.operator)
    office = Office(world, filer)

    def fill(at: datetime) -> None:
        values = {
            "effective_on": _day(world, 18).isoformat(),
            "successor_id": member_id(SUCCESSOR),
            "licences": [filer.licence_id(Licence.GEN)],
        }
        asked = Ask({Part.SUCCESSION: values})
        reason = "吸収合併の届出（登記事項証明書を確認済み）。"
        filer.start(asked, occurred_on=_day(world, 18), channel=Channel.STAFF, reason=reason, now=at)
        filer.fill(asked, now=at)

    def check(at: datetime) -> None:
        if filer.request.checked_by_id is None:
            office.check(at, by="approver1")

    return story(
        world,
        (17, 9, fill),
        (17, 10, filer.submit),
        (16, 11, check),
        (16, 15, lambda at: office.approve(at, by="approver2")),
    )
