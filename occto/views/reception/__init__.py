"""受付: pairing a device, the desk's page, and what its script asks for. A desk holds no sign-in and reaches nothing else."""

from occto.views.reception import desk, pairing, scans  # noqa: F401 - they hang their pages into the blueprint
from occto.views.reception.blueprint import pages

__all__ = ["pages"]
