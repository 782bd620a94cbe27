"""Every member of the demo has its certificate, and a key signs them."""

from flask import Flask
from sqlalchemy import select

from occto.domain.certificates import CertificateState, read_code
from occto.domain.codes import MemberState
from occto.domain.dates import today_jst
from occto.extensions import db
from occto.models import Certificate, Member
from occto.queries import certificates as reads
from tests.conftest import NOW

STATES = {
    MemberState.MEMBER: CertificateState.VALID,
    MemberState.COMING: CertificateState.NOT_YET,
    MemberState.LEFT: CertificateState.VOID,
}


def test_what_the_certificates_say_is_what_the_lists_say(loaded: Flask) -> None:
    with loaded.app_context():
        session = db.session()
        codes = {row.member_id: row.code for row in session.execute(select(Certificate.member_id, Certificate.code))}
        members = session.scalars(select(Member)).all()
        assert set(codes) == {member.id for member in members}
        assert {member.current_state for member in members} == set(MemberState)
        for member in members:
            code = codes[member.id]
            assert read_code(code) == code
            found = reads.check(session, code, today_jst(NOW))
            assert found is not None
            assert found.standing.state is STATES[member.current_state], member.current_name
            assert found.name == member.current_name
            assert ",".join(one.category.value for one in found.licences) == member.current_licences
        assert reads.signing_key(session) is not None
        db.session.remove()
