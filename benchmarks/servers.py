"""Two servers side by side on this machine, started and ended here."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.prepare import ROOT, Ground

WORKERS, THREADS = 2, 4
PATIENCE = 120.0  # seconds for a server to give its first answer, on a machine that others use too


@dataclass(frozen=True, slots=True)
class Server:
    """A running gunicorn: its port, its master process, and the seconds from its start to its first answer."""

    port: int
    process: subprocess.Popen[bytes]
    first_answer: float

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def peak_memory(self) -> float:
        """The highest resident memory that any worker has had, in MiB."""
        return max(_peak(child) for child in self._workers())

    def processor_time(self) -> float:
        """Seconds that the workers have spent on a processor: what waiting for one does not add to."""
        return sum(_processor_time(child) for child in self._workers())

    def _workers(self) -> list[str]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return children.split()


def _peak(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _processor_time(pid: str) -> float:
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(target: str, port: int, environment: Mapping[str, str], settings: tuple[str, ...]) -> Iterator[Server]:
    """Gunicorn until the block ends, at most; the address answers when it begins."""
    command = [sys.executable, "-m", "gunicorn", *settings, "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), target]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environment), cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: S603 - fixed
    try:
        yield Server(port, process, _first_answer(port, process) - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_answer(port: int, process: subprocess.Popen[bytes]) -> float:
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/login")
            if connection.getresponse().status == 200:
                return time.perf_counter()
        except OSError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise RuntimeError("the server gave no answer")


@contextmanager
def ours(ground: Ground) -> Iterator[Server]:
    """The application with the settings of production."""
    port = _free_port()
    environment = {**ground.environment, "DATABASE_URL": ground.ours, "BASE_URL": f"http://127.0.0.1:{port}"}
    settings = ("--config", "python:occto.gunicorn_settings")
    with _served("app:create_app()", port, environment, settings) as server:
        yield server


@contextmanager
def bare(ground: Ground, frames: Path, words: str, *, target: str = "benchmarks.bare_staff:app") -> Iterator[Server]:
    """The pages written by hand, under the same kind of server."""
    url = ground.bare.replace("postgresql://", "postgresql+psycopg://")
    named = {"BENCH_DATABASE_URL": url, "BENCH_FRAMES": str(frames), "BENCH_WORDS": words}
    settings = ("--worker-class", "gthread", "--keep-alive", "5", "--log-level", "warning")
    with _served(target, _free_port(), {**ground.environment, **named}, settings) as server:
        yield server


def machine() -> str:
    """What the figures were seen on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown processor",
    )
    return f"{os.cpu_count()} × {model}, Python {sys.version.split()[0]}"
