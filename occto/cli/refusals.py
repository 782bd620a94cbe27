"""How a refusal ends a command: its sentence on stderr and exit code 1."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from flask.cli import with_appcontext

from occto.domain.errors import Refusal

P = ParamSpec("P")


def refusals_as_exit(command: Callable[P, None]) -> Callable[P, None]:
    """Run `command` in an application context; a Refusal becomes one clear line and exit code 1."""

    @with_appcontext
    @wraps(command)
    def answered(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Refusal as refusal:
            raise click.ClickException(refusal.sentence) from refusal

    return answered
