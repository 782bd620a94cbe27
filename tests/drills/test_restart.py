"""A graceful restart: a request in flight is answered, and the server then ends by itself."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from tests.clients import _Forms

pytestmark = pytest.mark.races


@contextmanager
def _served(url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Gunicorn with the settings of production on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secrets = {"SECRET_KEY": "test-" * 10, "DATA_KEY": "data-" * 10}
    env = os.environ | secrets | {"DATABASE_URL": url, "BASE_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:occto.gunicorn_settings", "--workers", "1"]
    command += ["--threads", "4", "--bind", f"127.0.0.1:{port}", "app:create_app()"]
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            yield process, port
        finally:
            if process.poll() is None:
                process.kill()


def _connected(port: int) -> http.client.HTTPConnection:
    """A connection, as soon as the server takes one."""
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return connection
    raise AssertionError("the server did not come up")


@pytest.mark.parametrize("restart", [signal.SIGTERM, signal.SIGHUP], ids=["stop", "reload"])
def test_a_request_in_flight_is_answered(fresh_url: str, restart: signal.Signals) -> None:
    with _served(fresh_url) as (process, port):
        connection = _connected(port)
        connection.request("GET", "/login")
        page = connection.getresponse()
        cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
        forms = _Forms()
        forms.feed(page.read().decode())
        fields = {name: values[0] for form in forms.forms for name, values in form["fields"].items()}
        typed = {"email": "a@example.jp", "password": "not-the-password" * 20_000}
        body = urlencode(fields | typed).encode()
        connection.putrequest("POST", "/login")
        connection.putheader("Cookie", cookie)
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[: len(body) // 2])
        time.sleep(0.15)  # the half has arrived and the server waits for the rest
        process.send_signal(restart)
        time.sleep(0.2)
        connection.send(body[len(body) // 2 :])
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, text
        assert "メールアドレス" in text
        connection.close()
        if restart is signal.SIGHUP:
            connection.request("GET", "/login")  # closed above: a new connection, to the worker that follows
            assert connection.getresponse().read()
            connection.close()
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            pass
