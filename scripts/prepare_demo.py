"""The second part of `make run`: brings the demo's database up to date, fills it when it is empty, names the accounts."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask_migrate import upgrade  # noqa: E402 - the repository is not an installed package
from sqlalchemy import select  # noqa: E402

from config import ConfigurationError  # noqa: E402
from occto import create_app  # noqa: E402
from occto.cli.demo import load  # noqa: E402
from occto.demo.accounts import accounts_table  # noqa: E402
from occto.extensions import db  # noqa: E402
from occto.models import Application, Member, User  # noqa: E402


def main() -> None:
    """Migrate, then load the demo where there is neither a member, nor a user, nor an application."""
    try:
        app = create_app()
    except ConfigurationError as error:
        sys.exit(str(error))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        if any(db.session.scalar(select(model.id).limit(1)) for model in (Member, User, Application)):
            sys.stdout.write(f"\n{accounts_table()}\n")
        else:
            sys.stdout.write("デモデータを作っています…\n")
            load.main([], standalone_mode=False)


if __name__ == "__main__":
    main()
