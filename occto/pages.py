"""What every page can use: the viewer, the office, the menu, filters of dates and figures, addresses of static files."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, has_request_context, request, url_for

from occto import clock, vault
from occto.access import asking
from occto.domain.dates import JST, format_date, format_instant
from occto.domain.permissions import Permission
from occto.http import csp_nonce
from occto.labels import label
from occto.queries.viewer import Viewer

_MENU = (
    (Permission.HOME, "home.home", "ホーム"),
    (Permission.RECORD_SEE, "member.record", "会員情報"),
    (Permission.CHANGE_SEE, "changes.index", "変更申請"),
    (Permission.ASSEMBLIES_SEE, "meetings.index", "総会"),
    (Permission.CERTIFICATE_SEE, "certificate.own", "加入証跡"),
    (Permission.USERS_SEE, "people.index", "ユーザ"),
    (Permission.MANDATES_SEE, "mandates.index", "受託者"),
    (Permission.MANDATES_PROPOSE, "mandates.served", "受託している委託"),
    (Permission.STAFF_ENTER, "admin.index", "職員画面"),
)
_PART_OF = {"holder": "meetings"}
"""Pages that belong to an entry of the menu under another name."""
_STATIC = Path(__file__).parent / "static"


def register(app: Flask) -> None:
    """Give the templates of `app` their context and filters."""
    app.context_processor(_context)
    app.jinja_env.globals.update(asset=asset, csp_nonce=csp_nonce, label=label, url_for=address)
    app.jinja_env.filters.update(
        date=_date,
        date_short=_date_short,
        instant=_instant,
        yen=_figure,
        number=_figure,
        filesize=filesize,
        label=_label,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    for name in (
        "parts",
        "forms",
    ):  # macros that every page uses; imported by a template they would be looked up anew for each page
        app.jinja_env.globals[name] = app.jinja_env.get_template(f"_macros/{name}.html").module


def site() -> SimpleNamespace:
    """Who runs the system and how to reach them."""
    return SimpleNamespace(
        organisation="電力広域的運営推進機関",
        title="会員情報管理システム",
        contact_name="総務部総務グループ",
        contact_phone=current_app.config["CONTACT_PHONE"],
        contact_hours="平日 9:00–17:00",
        contact_mail=current_app.config["CONTACT_MAIL"],
        demo=current_app.config["DEMO"],
        base_url=current_app.config["BASE_URL"],
    )


def address(endpoint: str, **values: Any) -> str:
    """url_for; the address of a page without parameters is worked out once for each root the application is mounted at."""
    if values or endpoint.startswith(".") or not has_request_context():
        return url_for(endpoint, **values)
    return plain_address(request.script_root, endpoint)


@lru_cache(maxsize=512)
def plain_address(_root: str, endpoint: str) -> str:
    """The address of a page without parameters below the root that `request.script_root` names."""
    return url_for(endpoint)


def asset(filename: str) -> str:
    """The address of a static file with its content hash: cached for a year, new as soon as the content is."""
    return _asset(request.script_root, filename)


@lru_cache(maxsize=64)
def _asset(_root: str, filename: str) -> str:
    return url_for("static", filename=filename, v=_content_hash(filename))


@lru_cache(maxsize=64)
def _content_hash(filename: str) -> str:
    return hashlib.sha256((_STATIC / filename).read_bytes()).hexdigest()[:12]


def _context() -> dict[str, Any]:
    return {"viewer": _ViewerOnPage(), "site": site(), "nav": _nav(), "now_jst": clock.now().astimezone(JST)}


class _ViewerOnPage:
    """The viewer with the words that pages show; looked up only when a template asks, and then once a page."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._viewer, name)
        setattr(self, name, found)  # asked for again, it is here
        return found

    @cached_property
    def _viewer(self) -> Viewer:
        return asking()

    @cached_property
    def mark(self) -> str:
        """The same for a person on every page, and tells nobody who it is: a device knows by it whose copies it holds."""
        found = self._viewer
        return vault.keyed(f"on-device:{found.user_id}")[:16] if found.is_authenticated and found.user_id else ""

    @cached_property
    def role_label(self) -> str:
        return "・".join(label(role) for role in self._viewer.roles)


def _nav() -> list[dict[str, Any]]:
    area, may = (request.endpoint or "").split(".")[0], asking().permissions
    area = _PART_OF.get(area, area)
    return [
        {"label": words, "url": address(endpoint), "current": endpoint.split(".")[0] == area}
        for permission, endpoint, words in _MENU
        if permission in may
    ]


def _date(value: date | str | None) -> str:
    if not value:
        return ""
    return format_date(date.fromisoformat(value) if isinstance(value, str) else value)


def _date_short(value: date | datetime | None) -> str:
    if value is None:
        return ""
    day = value.astimezone(JST).date() if isinstance(value, datetime) else value
    return f"{day.month}月{day.day}日"


def _instant(value: datetime | str | None) -> str:
    if not value:
        return ""
    return format_instant(datetime.fromisoformat(value) if isinstance(value, str) else value)


def _figure(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def filesize(size: int) -> str:
    """A size in bytes as people read it: 412 kB, 1.4 MB."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} kB"


def _label(code: StrEnum | None) -> str:
    return label(code)
