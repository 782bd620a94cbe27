"""A request for a host that is not ours is refused in plain words, whatever it asks for."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/", "/login", "/admin/", "/static/app.css", "/no-such-page"])
def test_a_foreign_host_is_refused(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Host": "members.evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    assert "ご利用いただけません" in answer.text


def test_a_link_is_never_built_from_the_host_header(client: FlaskClient) -> None:
    answer = client.get("/admin/", headers={"Host": "localhost"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/")
