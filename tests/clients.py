"""A browser without a screen: opens pages, fills the forms that stand on them, follows redirects."""

from html.parser import HTMLParser
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


class _Forms(HTMLParser):
    """The forms of a page, each as action, method and the values that would be sent untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = {
                "action": given.get("action") or "",
                "method": given.get("method", "get"),
                "fields": {},
                "id": given.get("id", ""),
            }
            self._open["buttons"] = []
            self.forms.append(self._open)
        if self._open is None:
            return
        name = given.get("name")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in {"radio", "checkbox"}:
                if "checked" in given:
                    self._open["fields"].setdefault(name, []).append(given.get("value") or "on")
            elif kind not in {"submit", "file"}:
                self._open["fields"].setdefault(name, []).append(given.get("value") or "")
        elif tag == "button" and name:
            self._open["buttons"].append((name, given.get("value") or ""))
        elif tag == "textarea" and name:
            self._area = name
            self._open["fields"].setdefault(name, []).append("")
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._open["fields"].setdefault(self._select, []).append(given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area:
            self._open["fields"][self._area][-1] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None


class Browser:
    """One person's browser: a cookie jar of its own, the page it is on, and the forms there."""

    def __init__(self, app: Flask, *, address: str = "192.0.2.1") -> None:
        self.client = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = address
        self.response: TestResponse | None = None

    def get(self, url: str, *, follow: bool = True) -> TestResponse:
        """Open a page."""
        self.response = self.client.get(url, follow_redirects=follow)
        return self.response

    @property
    def text(self) -> str:
        """The page as HTML."""
        assert self.response is not None
        return self.response.get_data(as_text=True)

    @property
    def path(self) -> str:
        assert self.response is not None
        return self.response.request.path

    def forms(self) -> list[dict[str, Any]]:
        """The forms on the page, signing out left aside."""
        parser = _Forms()
        parser.feed(self.text)
        return [form for form in parser.forms if not form["action"].endswith("/logout")]

    def submit(
        self, values: dict[str, Any] | None = None, *, form: int = 0, action: str | None = None, follow: bool = True
    ) -> TestResponse:
        """Send a form of the page with these values on top of what stands in it."""
        chosen = next((f for f in self.forms() if action and f["action"].endswith(action)), None) or self.forms()[form]
        data: dict[str, Any] = {name: list(held) for name, held in chosen["fields"].items()}
        data |= values or {}
        self.response = self.client.post(chosen["action"] or self.path, data=data, follow_redirects=follow)
        return self.response

    def post(self, url: str, values: dict[str, Any], *, follow: bool = False) -> TestResponse:
        """Send a crafted POST with the token of the present page."""
        token = next((f["fields"]["csrf_token"][0] for f in self.forms() if "csrf_token" in f["fields"]), "")
        self.response = self.client.post(url, data={"csrf_token": token, **values}, follow_redirects=follow)
        return self.response
