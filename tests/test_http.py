"""What surrounds a request: the words in the log."""

import logging

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "path", ["/join/links/{}", "/join/confirm/{}", "/password/{}", "/assemblies/1/tickets/1001-9/{}"]
)
def test_no_secret_of_a_link_reaches_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str) -> None:
    token = "yN3kTq8LrVw0sX5mPd7hJb2c"
    with caplog.at_level(logging.INFO, logger="occto.http"):
        client.get(path.format(token))
    assert path.format("-") in caplog.text
    assert token not in caplog.text
