"""職員の入力: what somebody else changed in the register meanwhile is said in words, and nothing is lost."""

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from tests.changing import SOON, approve, approved, filled, renamed, rows, send
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything
from tests.registering import fact_id

MOVING = frozenset({"access_events", "access_subjects"})
WORDS = "登録が変わった行があります"


def test_a_fact_that_is_gone_is_said_in_words(make: Factory) -> None:
    """Two entries cancel one fact: the page of the later one still opens, so that the row can be taken out."""
    member = make.member()
    approved(make, renamed("来月電力株式会社"), member=member)
    row = {"kind": "fact", "act": "VOID", "fact_id": fact_id(member, "name", SOON)}
    first, second = (filled(make, rows(Part.CORRECTIONS, row), member=member, channel=Channel.STAFF) for _ in range(2))
    browser = make.signed_in(make.staff(Role.OPERATOR))
    assert browser.get(f"/admin/entries/check/?id={second.id}").status_code == 200
    assert WORDS not in browser.text
    shown = browser.forms()[-1]["fields"]
    send(first)
    approve(first)
    before = everything()
    browser.response = browser.client.post("/admin/entries/check/", data=shown)
    _told(browser, 409)
    browser.get(f"/admin/entries/check/?id={second.id}")
    _told(browser, 200)
    assert second.state is ChangeState.DRAFT
    after = everything()
    assert all(after[table] == lines for table, lines in before.items() if table not in MOVING)


def _told(browser: Browser, status: int) -> None:
    assert browser.response is not None
    assert browser.response.status_code == status
    assert WORDS in browser.text
    assert "異なる内容がありません" not in browser.text
