"""One load of the demo, on a database of its own, for all tests that only look at it."""

import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from occto import create_app
from occto.demo.load import SMALLEST, load_demo, make_secrets
from occto.extensions import db
from occto.unit_of_work import run
from tests.conftest import NOW, _postgres, _postgres_url, settings

MEMBERS = SMALLEST


@pytest.fixture(scope="package")
def loaded(template: str, database_kind: str, tmp_path_factory: Any) -> Iterator[Flask]:
    name = f"occto_demo_{uuid.uuid4().hex[:12]}"
    if database_kind == "sqlite":
        path = tmp_path_factory.mktemp("demo") / "demo.db"
        shutil.copyfile(template, path)
        url = f"sqlite:///{path}"
    else:
        _postgres(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = _postgres_url(name)
    app = create_app(settings(url))
    with app.app_context():
        run(load_demo, MEMBERS, secrets=make_secrets(), now=NOW)
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()
    if database_kind == "postgres":
        _postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
