"""アカウント: everybody's own ID, whatever company or office it serves."""

from occto.views.account import address, factor, person, sessions
from occto.views.account.blueprint import pages

__all__ = ["address", "factor", "pages", "person", "sessions"]
