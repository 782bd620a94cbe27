"""What tests of replies stand on: an assembly, a member with votes, its 管理者, and somebody of the staff."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.permissions import Role
from occto.domain.replies import Answer, Attendance, Person, ReplyChannel
from occto.domain.tally import Choice
from occto.models import (
    AgendaItem,
    Assembly,
    Attachment,
    Member,
    User,
)
from occto.services.replies.taking import TakenReply, take_reply
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.factories import NOW, Factory

S, A = AssemblyState, Attendance
SATO = Person("経営企画部 部長", "佐藤 美咲", "m.sato@a.example.jp", voting=True)
COMING = Answer(A.ATTEND, attendees=(SATO,))
SECOND = timedelta(seconds=1)


@dataclass
class Scene:
    """An assembly with an item, a member that holds votes and its 管理者; somebody of the staff."""

    make: Factory
    member: Member
    user: User
    held: Assembly
    item: AgendaItem
    clerk: User

    @property
    def actor(self) -> Actor:
        return self.make.actor(self.user, Role.ADMINISTRATOR, member=self.member)

    @property
    def staff(self) -> Actor:
        return self.make.actor(self.clerk, Role.OPERATOR)

    def voted(self, choice: Choice = Choice.YES) -> Answer:
        return Answer(A.ELECTRONIC, choices={self.item.id: choice})

    def values(self, **changes: Any) -> dict[str, Any]:
        return {
            "assembly_id": self.held.id,
            "member_id": self.member.id,
            "answer": self.voted(),
            "channel": ReplyChannel.ELECTRONIC,
            "received_at": NOW,
            "seen_version": 0,
            "actor": self.actor,
            "now": NOW,
        } | changes

    def take(self, **changes: Any) -> TakenReply:
        return run(take_reply, **self.values(**changes))

    def scan(self, kind: AttachmentKind = AttachmentKind.REPLY_PAPER) -> int:
        found = Attachment(
            assembly_id=self.held.id,
            kind=kind,
            name="回答書.pdf",
            media_type="application/pdf",
            size=1,
            sha256="0" * 64,
            scan_state=ScanState.NOT_CONFIGURED,
            added_at=NOW,
        )
        with unit_of_work() as session:
            session.add(found)
        return found.id


def scene(make: Factory, state: AssemblyState = S.REPLIES_OPEN, **changes: Any) -> Scene:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    make.member()
    held = assembling.assembly(make, state, **changes)
    return Scene(make, member, user, held, assembling.item(held), make.staff(Role.OPERATOR))
