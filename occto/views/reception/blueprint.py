"""The blueprint of the desks, and the desk behind a request."""

from flask import Blueprint, abort

from occto.access import asking
from occto.queries.reception import DeskSeen

pages = Blueprint("reception", __name__, url_prefix="/reception")


def desk_at(assembly: int) -> DeskSeen:
    """The desk that asks, where it stands at this assembly; 404 at any other."""
    desk = asking().desk
    if desk is None or desk.assembly_id != assembly:
        abort(404)
    return desk
