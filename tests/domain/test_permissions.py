from occto.domain.actor import SYSTEM, Actor
from occto.domain.permissions import (
    DESK,
    MEMBER_ROLES,
    SECOND_FACTOR_ROLES,
    STAFF_ROLES,
    TABLE,
    Permission,
    Role,
    permissions_of,
)

P = Permission


def test_every_role_stands_in_the_table() -> None:
    assert set(TABLE) == set(Role)
    assert {*STAFF_ROLES, *MEMBER_ROLES, Role.APPLICANT, Role.CONTRACTOR, Role.GUEST} == set(Role)


def test_every_permission_is_somebodys() -> None:
    assert frozenset().union(*TABLE.values()) | DESK == set(Permission)


def test_nobody_may_see_what_is_public_only() -> None:
    assert permissions_of(()) == {P.PUBLIC}
    assert permissions_of((Role.OPERATOR, Role.APPROVER)) == {P.PUBLIC} | TABLE[Role.OPERATOR] | TABLE[Role.APPROVER]


def test_members_and_applicants_decide_nothing() -> None:
    staff_only = {permission for permission in P if permission.value.split(":")[0] in {"staff", "member", "user"}}
    staff_only |= {P.APPLICATION_PROCESS, P.APPLICATION_APPROVE, P.APPLICATION_LAPSE, P.MAIL_SEE, P.AUDIT_SEE}
    for role in (*MEMBER_ROLES, Role.APPLICANT, Role.GUEST):
        assert not TABLE[role] & staff_only, role


def test_an_operator_approves_nothing_and_a_system_administrator_decides_nothing() -> None:
    assert not TABLE[Role.OPERATOR] & {P.APPLICATION_APPROVE, P.APPLICATION_LAPSE}
    decisions = {P.APPLICATION_PROCESS, P.APPLICATION_APPROVE, P.APPLICATION_LAPSE, P.APPLICATION_ENTER_PAPER}
    for role in (Role.SYSTEM, Role.RECEPTION):
        assert not TABLE[role] & decisions, role


def test_staff_and_administrators_pass_a_second_factor() -> None:
    assert {*STAFF_ROLES, Role.ADMINISTRATOR} == SECOND_FACTOR_ROLES


def test_the_stamp_says_what_it_may() -> None:
    actor = Actor(permissions=permissions_of((Role.OPERATOR,)))
    assert actor.can(P.APPLICATION_PROCESS)
    assert not actor.can(P.APPLICATION_APPROVE)
    assert all(SYSTEM.can(permission) for permission in P)
    assert not Actor().can(P.PUBLIC)
