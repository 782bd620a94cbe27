"""変更申請: the pages of a member that changes what is on record of it."""

from occto.views.changes import case, check, files, licences, listing, parts, relations, start
from occto.views.changes.blueprint import pages

__all__ = ["case", "check", "files", "licences", "listing", "pages", "parts", "relations", "start"]
