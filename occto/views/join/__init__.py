"""加入手続き: the pages of an applicant, and of staff who key a paper application in."""

from occto.views.join import case, entry, files, rows, sections
from occto.views.join.blueprint import pages

__all__ = ["case", "entry", "files", "pages", "rows", "sections"]
