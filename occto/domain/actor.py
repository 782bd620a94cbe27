"""Who did it: the stamp that every audited act carries (利用規約 2.3.2, 3.3/3.4.3)."""

from dataclasses import dataclass

from occto.domain.permissions import Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting for a Party, an applicant, or the system itself (all ids None).

    `member_id` is the company acted for, `mandate_id` the mandate under which a contractor does so; `application_id`
    that of an applicant session; ids are row numbers.
    """

    user_id: int | None = None
    member_id: int | None = None
    mandate_id: int | None = None
    application_id: int | None = None
    session_id: int | None = None
    request_id: str = ""
    address: str = ""
    permissions: frozenset[Permission] = frozenset()

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions


SYSTEM = Actor(request_id="system", permissions=frozenset(Permission))
"""Daily jobs and commands on the machine itself."""
