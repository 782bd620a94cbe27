"""総会 for members: the list, one assembly, its documents, the reply, its versions and receipts, the tickets."""

from occto.views.assemblies import (  # noqa: F401 - they hang their pages into the blueprint
    assembly,
    receipts,
    replied,
    reply,
    result,
    tickets,
)
from occto.views.assemblies.blueprint import pages

__all__ = ["pages"]
