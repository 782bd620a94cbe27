"""An assembly that is over: families, a 届出, shares by a table, a sanction, and every kind of outcome an item can have."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.codes import Channel, ElectionState, LateOutcome
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind
from occto.domain.votes import Group
from occto.models import (
    AdmissionTicket,
    AgendaItem,
    Assembly,
    CheckIn,
    Convocation,
    HolderElection,
    LateFact,
    Member,
    Notice,
    ReceiptList,
    RegisterChange,
)
from occto.unit_of_work import unit_of_work
from tests import freezing
from tests.assembling import HELD, assembly, controls, freeze, item
from tests.factories import NOW, Factory
from tests.replying import reply
from tests.resulting import A, C, E, F, N, P, X, Y, decided, fixed


@dataclass(frozen=True)
class Ended:
    """The assembly with its members by short names and its items by number."""

    make: Factory
    held: Assembly
    members: dict[str, Member]
    items: dict[int, AgendaItem]


def ended(make: Factory, state: AssemblyState = AssemblyState.PUBLISHED, *, present: int | None = None) -> Ended:
    """The assembly in a state after the votes. `grid` and `wires` share 送配電 1 : 2; `child` holds for its family in 発電.

    `present`: so many were there when item 5 came to nothing, and the quorum was not met.
    """
    members = {
        "parent": make.member(name="汐見電力株式会社", licences=("RETAIL", "GEN"), capital=300_000_000),
        "child": make.member(name="汐見発電株式会社", licences=("GEN",)),
        "young": make.member(name="汐見小売株式会社", licences=("RETAIL",)),
        "grid": make.member(name="高砂送電株式会社", licences=("GTD",)),
        "wires": make.member(name="浦中配電株式会社", licences=("DIST",)),
        "solar": make.member(name="岬太陽光発電株式会社", licences=("GEN",)),
        "shop": make.member(name="浜風でんき株式会社", licences=("RETAIL",)),
        "barred": make.member(name="停止中電力株式会社", licences=("GEN",)),
    }
    controls(members["parent"], members["child"])
    controls(members["parent"], members["young"])
    freezing.sanction(members["barred"])
    settings = AssemblySettings(
        policies={Group.N: VotePolicy.MANUAL},
        shares={Group.N: {members["grid"].id: (1, 3), members["wires"].id: (2, 3)}},
    )
    held = assembly(make, AssemblyState.COUNTING, settings=settings)
    with unit_of_work() as session:
        session.add(
            HolderElection(
                assembly_id=held.id,
                vote_group=Group.G.value,
                root_body_id=members["parent"].body_id,
                holder_member_id=members["child"].id,
                filed_by_member_id=members["parent"].id,
                channel=Channel.ONLINE,
                received_at=NOW,
                state=ElectionState.EFFECTIVE,
            )
        )
        session.get_one(Assembly, held.id).state = AssemblyState.VOTING
    freeze(make, held)
    with unit_of_work() as session:
        held = session.get_one(Assembly, held.id)
    items = agenda(held, members)
    vote(make, members, items, present=present)
    fixed(make, held, state=state)
    return Ended(make, held, members, items)


def surrounded(scene: Ended) -> None:
    """What the minutes draw from elsewhere: the notice and whom it missed, a late fact that was kept, an official at the
    hall, opinions, the list of receipts.
    """
    make, held, members = scene.make, scene.held, scene.members
    first, second = make.user().id, make.user().id
    reply(
        make, held, members["wires"], choices={scene.items[1]: Y}, opinion="再生可能エネルギーの扱いを教えてください。"
    )
    freezing.capital(members["solar"], 99_000_000)
    with unit_of_work() as session:
        change = session.scalar(select(func.max(RegisterChange.id)))
        at = {"assembly_id": held.id}
        session.add_all(
            [
                Notice(
                    **at,
                    kind=NoticeKind.NOTICE,
                    state=NoticeState.SENT,
                    subject="招集通知",
                    body="本文",
                    edited_at=NOW,
                    sent_at=NOW,
                    sent_by_id=first,
                ),
                *(
                    Convocation(**at, member_id=one.id, channel=NoticeChannel.MAIL, notified_at=NOW)
                    for name, one in members.items()
                    if name != "shop"
                ),
                Convocation(**at, member_id=members["shop"].id, channel=NoticeChannel.MAIL, bounced_at=NOW),
                LateFact(
                    **at,
                    register_change_id=change,
                    member_id=members["solar"].id,
                    noted_at=NOW,
                    outcome=LateOutcome.KEEP,
                    reason="議決権の数が変わらないため",
                    decided_by_id=first,
                    second_by_id=second,
                    decided_at=NOW,
                ),
                ReceiptList(**at, no=1, made_at=NOW, count=1, root="ab" * 32, leaves=[]),
            ]
        )
        ticket = AdmissionTicket(
            **at,
            kind=TicketKind.OFFICIAL,
            number=9001,
            issue_no=1,
            token_hash="1" * 64,
            link_hash="2" * 64,
            name="霞 次郎",
            title="資源エネルギー庁 課長補佐",
            voting=False,
            issued_at=NOW,
        )
        session.add(ticket)
        session.flush()
        session.add(CheckIn(**at, ticket_id=ticket.id, voting=False, entered_by_id=first, entered_at=HELD))


def agenda(held: Assembly, members: dict[str, Member]) -> dict[int, AgendaItem]:
    """One item for each outcome."""
    return {
        1: item(held, 1, kind=ItemKind.BUDGET, title="2027年度 事業計画及び予算の件"),
        2: item(held, 2, kind=ItemKind.ARTICLES, title="定款の一部変更の件", conflict=(members["shop"],)),
        3: item(held, 3, title="会費の見直しの件"),
        4: item(held, 4, kind=ItemKind.OFFICER, title="監事 山田 太郎 選任の件"),
        5: item(held, 5, title="規程の整備の件"),
        6: item(held, 6, title="特別会費の件", withdrawn_at=NOW, withdrawn_reason="内容を改めて検討するため"),
        7: item(held, 7, kind=ItemKind.REPORT, title="2026年度 業務の報告", consent=Consent.NONE),
        8: item(held, 8, kind=ItemKind.ACCOUNTS, title="2025年度 決算の件"),
    }


def vote(
    make: Factory, members: dict[str, Member], items: dict[int, AgendaItem], *, present: int | None = None
) -> None:
    """Weights: 送配電 grid 1/3, wires 2/3; 小売 parent 1/2, shop 1/2; 発電 child 1/2, solar 1/2: 2, 4, 3, 3, 3, 3 of 18."""

    def all_of(**choices: Choice) -> dict[Member, Any]:
        channels = {"grid": F, "wires": E, "parent": X, "child": P, "solar": C, "shop": F}
        return {members[name]: (choice, channels[name]) for name, choice in choices.items()}

    decided(
        make,
        items[1],
        all_of(grid=Y, wires=Y, parent=Y, child=N, solar=A, shop=Y),
        amendment="第3条を次のとおり改める。",
    )
    decided(make, items[2], all_of(grid=Y, wires=Y, parent=Y, child=Y, solar=N, shop=N))
    decided(make, items[3], all_of(parent=Y, child=Y, solar=N, shop=N), chair_choice=Choice.YES)
    decided(make, items[4], all_of(grid=Y, wires=N, parent=N, child=N, solar=N, shop=A))
    decided(make, items[5], {}, present=present)
    decided(make, items[8], all_of(grid=N, wires=N, parent=N, child=N, solar=Y, shop=Y))
    decided(make, items[8], all_of(grid=Y, wires=Y, parent=Y, child=N, solar=Y, shop=Y))
