"""受託者: the pages of the member that gives mandates, and those of the contractor's person (利用規約 2.3)."""

from occto.views.mandates import member, served  # noqa: F401 - they hang their pages into the blueprint
from occto.views.mandates.blueprint import pages

__all__ = ["pages"]
