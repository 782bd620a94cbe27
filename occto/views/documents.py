"""The documents of a form, for the verbs of requests about IDs."""

from collections.abc import Sequence

from occto.domain.errors import Refusal
from occto.forms.base import BaseForm
from occto.services.account_requests.filing import Document
from occto.views.uploads import uploaded


def documents_of(form: BaseForm, fields: Sequence[str]) -> list[Document] | None:
    """The documents chosen in these inputs, known by their content; None where one was refused, with the sentence beside it."""
    found, fine = [], True
    for field in fields:
        try:
            taken = uploaded(field)
        except Refusal as refusal:
            form.add_error(field, refusal.sentence)
            fine = False
            continue
        if taken is not None:
            found.append(Document(taken.name, taken.media_type, taken.content))
    return found if fine else None


def lacks_document(form: BaseForm, documents: Sequence[Document], field: str, sentence: str) -> bool:
    """Whether no document was chosen where one is needed; says so beside the input."""
    if documents or form[field].errors:
        return False
    form.add_error(field, sentence)
    return True
