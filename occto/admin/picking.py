"""Choose a member before a form about it opens: by name, code or number, from the keyboard alone."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, request, url_for
from sqlalchemy import select

from occto.admin.base import clamped_id, search_term
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.models import Attachment, Member
from occto.queries.files import file_content
from occto.queries.search import members_named
from occto.services.elections import Scan
from occto.views.tools import download
from occto.views.uploads import uploaded

FOUND = 20


class OwnDetails:
    """For screens whose details are put together in `below`: Flask-Admin would show every column of the table."""

    def get_details_columns(self) -> list[Any]:
        """None of the columns by themselves."""
        return []


class PicksMember:
    """For screens whose doors begin with a member."""

    render: Callable[..., str]

    def member_asked(self, name: str = "member") -> Member | None:
        """The member in the address or form; 404 where the number is none."""
        text = request.values.get(name, "")
        if not text:
            return None
        number = clamped_id(text)
        found = db.session.get(Member, number) if number else None
        if found is None:
            abort(404)
        return found

    def pick(self, title: str, lead: str, *, endpoint: str, back: tuple[str, str], **kept: Any) -> str:
        """The page on which a member is looked for; each one found leads on to `endpoint`."""
        term = search_term()
        query = (
            select(Member)
            .where(Member.id.in_(members_named(db.session(), term)))
            .order_by(Member.kana_key, Member.id)
            .limit(FOUND)
        )
        found = [
            (one.operator_code, one.current_name, one.current_state, url_for(endpoint, member=one.id, **kept))
            for one in (db.session.scalars(query) if term else ())
        ]
        return self.render(
            "admin/pick_member.html", title=title, lead=lead, back=back, term=term, found=found, kept=kept
        )


def scan_of(form: BaseForm, *, needed: str = "") -> tuple[Scan | None, bool]:
    """The scan chosen in the input `file`, and whether all is well; a refusal stands beside the input.

    `needed`: the sentence where one has to be chosen and none was.
    """
    if request.method != "POST":
        return None, True
    form.validate()
    try:
        taken = uploaded()
    except Refusal as refusal:
        form.add_error("file", refusal.sentence)
        return None, False
    if taken is None:
        if needed:
            form.add_error("file", needed)
        return None, not needed
    return Scan(taken.name, taken.media_type, taken.content), True


def send_document(owned: Callable[[Attachment], bool]) -> Any:
    """A document as a download only, where it is one of this screen's; 404 for any other."""
    number = clamped_id(request.args.get("id"))
    found = db.session.get(Attachment, number) if number is not None else None
    if found is None or not owned(found):
        abort(404)
    attachment, content = file_content(db.session(), found.id)
    return download(content, name=attachment.name, media_type=attachment.media_type)


def sent(form_class: type[BaseForm], data: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
    """The form as it was sent, or with what is shown at first."""
    if request.method == "POST":
        return form_class(request.form, **kwargs)
    return form_class(data=dict(data or {}), **kwargs)
