"""加入手続き: placeholder replaced below."""

from flask import Blueprint

from occto.access import permit
from occto.domain.permissions import Permission

pages = Blueprint("join", __name__, url_prefix="/join")


@pages.get("/")
@permit(Permission.PUBLIC)
def request_link() -> str:
    return ""
