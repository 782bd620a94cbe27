"""`flask occto serve`: gunicorn and the worker as children; signals are passed on, and neither outlives the other."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1
GRACE = 35  # seconds for requests in flight and the mail being sent


def serve(*, host: str, port: int, workers: int, threads: int) -> int:
    """Run both until one ends or a signal comes; return the exit code of the first that ended."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    size = ("--workers", str(workers), "--threads", str(threads))
    commands = (
        [
            *(sys.executable, "-m", "gunicorn", "--config", "python:occto.gunicorn_settings"),
            *("--bind", address, *size, "app:create_app()"),
        ],
        [sys.executable, "-m", "flask", "--app", "app", "occto", "worker"],
    )
    children = [subprocess.Popen(command, preexec_fn=_die_with_parent) for command in commands]  # noqa: S603, PLW1509
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    while not stopping.wait(0.2) and all(child.poll() is None for child in children):
        pass
    first = next((child.poll() for child in children if child.poll() is not None), 0)
    _end(children)
    return 0 if stopping.is_set() else (first or 1)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            child.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _die_with_parent() -> None:
    """Ask the kernel to end the child when this process is gone, even by kill -9; and stay out of the terminal's Ctrl-C."""
    os.setpgrp()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
