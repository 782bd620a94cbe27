"""Settings of one assembly, copied into it when it is made (業務: `domain` 8): quorum, division of votes, replies."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import time
from enum import StrEnum
from typing import Any

from occto.domain.errors import Refusal
from occto.domain.votes import Group


class QuorumBasis(StrEnum):
    """What 総会員の半数 is counted by (電気事業法 28条の34)."""

    ALL_MEMBERS = "ALL_MEMBERS"
    DEEMED_MEMBERS = "DEEMED_MEMBERS"
    VOTES = "VOTES"


class VotePolicy(StrEnum):
    """How the votes of a group are divided among its units."""

    EQUAL = "EQUAL"
    MANUAL = "MANUAL"
    FORMER_GDU_THIRD = "FORMER_GDU_THIRD"


class BlankChoice(StrEnum):
    """What an item without a choice means in a reply that exercises votes."""

    NOT_ALLOWED = "NOT_ALLOWED"
    ABSTAIN = "ABSTAIN"


class AllowedProxy(StrEnum):
    """Who may act for a member at the assembly."""

    MEMBER = "MEMBER"
    PERSON = "PERSON"
    CHAIR = "CHAIR"


class NoShow(StrEnum):
    """What becomes of the choices of a member that said 出席 and did not come."""

    COUNT = "COUNT"
    DROP = "DROP"


QUORUM_LABELS: dict[str, str] = {
    QuorumBasis.ALL_MEMBERS: "全会員",
    QuorumBasis.DEEMED_MEMBERS: "みなし会員",
    QuorumBasis.VOTES: "議決権",
}
POLICY_LABELS: dict[str, str] = {
    VotePolicy.EQUAL: "均等",
    VotePolicy.MANUAL: "個別の割合",
    VotePolicy.FORMER_GDU_THIRD: "旧一般電気事業者 3分の1",
}
BLANK_LABELS: dict[str, str] = {
    BlankChoice.NOT_ALLOWED: "すべての議案に賛否が必要",
    BlankChoice.ABSTAIN: "棄権とみなす",
}
ALLOWED_PROXY_LABELS: dict[str, str] = {
    AllowedProxy.MEMBER: "ほかの会員への委任",
    AllowedProxy.PERSON: "委任状に書かれた方による代理出席",
    AllowedProxy.CHAIR: "議長への一任",
}
NO_SHOW_LABELS: dict[str, str] = {
    NoShow.COUNT: "回答にある賛否を、電子行使として数える",
    NoShow.DROP: "数えない",
}
MOST_ATTENDEES = 10


@dataclass(frozen=True, slots=True)
class AssemblySettings:
    """As they hold for one assembly. `shares`: the table of a MANUAL group, member → (numerator, denominator)."""

    quorum_basis: QuorumBasis | None = None
    quorum_source: str = ""
    policies: Mapping[Group, VotePolicy] = field(default_factory=dict)
    shares: Mapping[Group, Mapping[int, tuple[int, int]]] = field(default_factory=dict)
    former_gdus: tuple[int, ...] = ()
    """Members that are former general electricity utilities, for FORMER_GDU_THIRD."""
    max_attendees: int = 2
    proxy_member: bool = True
    proxy_person: bool = True
    proxy_chair: bool = True
    blank_choice: BlankChoice = BlankChoice.NOT_ALLOWED
    no_show: NoShow = NoShow.COUNT
    chair: str = "理事長"
    record_days: int = 30
    freeze_days: int = 20
    notice_days: int = 14
    """Days before the assembly of the record date, of the freeze, and of the notice."""
    reply_time: time = time(17)
    """The time in Japan of a deadline for which none is entered."""

    @property
    def proxies(self) -> tuple[AllowedProxy, ...]:
        """Who may act for a member."""
        allowed = {
            AllowedProxy.MEMBER: self.proxy_member,
            AllowedProxy.PERSON: self.proxy_person,
            AllowedProxy.CHAIR: self.proxy_chair,
        }
        return tuple(kind for kind, may in allowed.items() if may)

    def policy(self, group: Group) -> VotePolicy:
        return self.policies.get(group, VotePolicy.EQUAL)


def with_proxies(settings: AssemblySettings, kinds: Collection[str]) -> AssemblySettings:
    """The settings with just these proxies allowed."""
    return replace(
        settings,
        proxy_member=AllowedProxy.MEMBER in kinds,
        proxy_person=AllowedProxy.PERSON in kinds,
        proxy_chair=AllowedProxy.CHAIR in kinds,
    )


def read_settings(stored: Mapping[str, Any]) -> AssemblySettings:
    """The settings as the column keeps them; what is missing has its usual value."""
    known = {one.name: stored[one.name] for one in fields(AssemblySettings) if one.name in stored}
    if known.get("quorum_basis") is not None:
        known["quorum_basis"] = QuorumBasis(known["quorum_basis"])
    if "policies" in known:
        known["policies"] = {Group(group): VotePolicy(policy) for group, policy in known["policies"].items()}
    if "shares" in known:
        known["shares"] = {
            Group(group): {int(member): (int(part[0]), int(part[1])) for member, part in table.items()}
            for group, table in known["shares"].items()
        }
    if "former_gdus" in known:
        known["former_gdus"] = tuple(int(member) for member in known["former_gdus"])
    if "blank_choice" in known:
        known["blank_choice"] = BlankChoice(known["blank_choice"])
    if "no_show" in known:
        known["no_show"] = NoShow(known["no_show"])
    if "reply_time" in known:
        known["reply_time"] = time.fromisoformat(known["reply_time"])
    return AssemblySettings(**known)


def stored_settings(settings: AssemblySettings) -> dict[str, Any]:
    """The settings as the column keeps them."""
    return {
        **asdict(settings),
        "policies": {group.value: policy.value for group, policy in settings.policies.items()},
        "shares": {
            group.value: {str(member): list(part) for member, part in table.items()}
            for group, table in settings.shares.items()
        },
        "former_gdus": list(settings.former_gdus),
        "reply_time": f"{settings.reply_time:%H:%M}",
    }


def check_settings(settings: AssemblySettings) -> None:
    """Refusals: quorum_source_missing (a basis was chosen without its article), attendees_range, notice_too_late."""
    if settings.quorum_basis is not None and not settings.quorum_source.strip():
        raise Refusal(
            "quorum_source_missing",
            "定足数の数え方の根拠（定款の条項）を入力してください。根拠がないうちは、3つの数え方すべてを満たす必要があります。",
            field="quorum_source",
        )
    if not 1 <= settings.max_attendees <= MOST_ATTENDEES:
        raise Refusal(
            "attendees_range", f"出席者の人数の上限は、1名から{MOST_ATTENDEES}名までです。", field="max_attendees"
        )
    if settings.notice_days < 6:
        raise Refusal(
            "notice_too_late",
            "招集通知は、総会の6日前までに届く必要があります（電気事業法 28条の36）。6日以上を入力してください。",
            field="notice_days",
        )
