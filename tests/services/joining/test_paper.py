from datetime import date
from typing import Any

from occto.domain.codes import AttachmentKind, Channel
from occto.domain.joining import Stage
from occto.domain.permissions import Role
from occto.models import Application
from occto.services.joining import approval, review, submission
from occto.unit_of_work import run, unit_of_work
from tests.answers import add_file, complete_answers, digest_of, fill_main, main_started, save
from tests.factories import NOW, Factory
from tests.observing import refused


def test_who_typed_a_part_of_a_paper_case_cannot_approve_it(make: Factory) -> None:
    case = main_started(make)
    fill_main(case)
    typist, checker = make.staff(Role.OPERATOR, Role.APPROVER), make.staff(Role.OPERATOR)
    both = make.actor(typist, Role.OPERATOR, Role.APPROVER)
    with unit_of_work() as session:
        paper = session.get(Application, case.id)
        assert paper is not None
        paper.channel, paper.entered_by_id = Channel.PAPER, case.operator.id
    save(case, {"outline": complete_answers(Stage.MAIN)["outline"] | {"capital": 5}}, actor=both)
    add_file(case, AttachmentKind.PAPER_SCAN, actor=case.first)
    seen = digest_of(case, Stage.MAIN)
    run(submission.submit, case.id, seen_digest=seen, actor=case.first, now=NOW)
    given: dict[str, Any] = {"member_on": date(2026, 12, 10), "member_on_reason": "", "roster_no": 7, "now": NOW}
    by = make.actor(checker, Role.OPERATOR)
    run(review.check, case.id, seen_version=case.version, actor=by, **given)
    seen_version = case.version
    with refused("second_person"):
        run(approval.approve, case.id, seen_version=seen_version, actor=both, now=NOW)
    assert run(approval.approve, case.id, seen_version=seen_version, actor=case.second, now=NOW)
