"""Pages that anybody may read."""

from flask import Blueprint, abort, render_template

from occto import clock
from occto.access import permit
from occto.domain.permissions import Permission
from occto.domain.terms import parse
from occto.extensions import db
from occto.queries.terms import terms_in_force, terms_versions

pages = Blueprint("public", __name__)


@pages.get("/")
@permit(Permission.PUBLIC)
def index() -> str:
    return render_template("public/index.html")


@pages.get("/terms")
@pages.get("/terms/<int(max=99999):no>")
@permit(Permission.PUBLIC)
def terms(no: int | None = None) -> str:
    """The terms in force, or the version `no`."""
    session = db.session()
    versions = terms_versions(session)
    current = terms_in_force(session, now=clock.now())
    version = current if no is None else next((v for v in versions if v.no == no), None)
    if version is None:
        abort(404)
    return render_template(
        "public/terms.html", version=version, current=current, versions=versions, document=parse(version.text)
    )


@pages.get("/privacy")
@permit(Permission.PUBLIC)
def privacy() -> str:
    return render_template("public/privacy.html")


@pages.get("/environment")
@permit(Permission.PUBLIC)
def environment() -> str:
    return render_template("public/environment.html")


@pages.get("/accessibility")
@permit(Permission.PUBLIC)
def accessibility() -> str:
    return render_template("public/accessibility.html")


@pages.get("/help/")
@permit(Permission.PUBLIC)
def help_index() -> str:
    return render_template("public/help_index.html")


@pages.get("/report-lost-id")
@permit(Permission.PUBLIC)
def report_lost_id() -> str:
    return render_template("public/report_lost_id.html")
