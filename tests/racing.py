"""Acts that are done at the same moment, each in a thread with a context of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask

from occto.domain.errors import Refusal
from occto.extensions import db


def at_once(app: Flask, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Results, or codes of refusals, in the order of `acts`."""
    ready = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        with app.app_context():
            ready.wait()
            try:
                return act()
            except Refusal as refusal:
                return refusal.code
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))
