"""Prints the flows of the domain as diagrams into docs/flows/: `python scripts/print_flows.py` (or `make flows`)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from occto.domain.account_requests import ACCOUNT_REQUESTS  # noqa: E402 - the repository is not an installed package
from occto.domain.assembly import ASSEMBLY  # noqa: E402 - the repository is not an installed package
from occto.domain.changes import CHANGES  # noqa: E402 - the repository is not an installed package
from occto.domain.importing import IMPORTS  # noqa: E402 - the repository is not an installed package
from occto.domain.joining import JOINING  # noqa: E402 - the repository is not an installed package
from occto.domain.mandates import MANDATES  # noqa: E402 - the repository is not an installed package
from occto.domain.rehearsal import REHEARSAL  # noqa: E402 - the repository is not an installed package
from occto.domain.workflow import Flow, Step  # noqa: E402

FOLDER = ROOT / "docs" / "flows"
FLOWS = (JOINING, CHANGES, ACCOUNT_REQUESTS, MANDATES, IMPORTS, ASSEMBLY, REHEARSAL)


def page(flow: Flow) -> str:
    """The page of one flow in Markdown: the diagram, then every step with what it asks for."""
    rows = "\n".join(_row(flow, step) for step in flow.steps)
    return (
        f"# {flow.title}\n\n"
        f"<!-- Printed by scripts/print_flows.py from the table of the flow «{flow.name}»; do not edit. -->\n\n"
        f"```mermaid\n{flow.mermaid()}\n```\n\n"
        "| 操作 | 名前 | いまの状態 | 次の状態 | 権限 | 理由 | 二人目 | 保留中 |\n|---|---|---|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def _row(flow: Flow, step: Step) -> str:
    sources = "、".join(flow.labels[state.value] for state in flow.states if state.value in step.sources)
    target = flow.labels[step.target] if step.target else "変わらない"
    marks = ("必要" if asked else "" for asked in (step.reason, step.second_person))
    held = "できる" if step.on_hold else ""
    return " | ".join(
        (f"| {step.label}", f"`{step.name}`", sources, target, f"`{step.permission}`", *marks, f"{held} |")
    )


def main() -> None:
    """Write one file a flow."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for flow in FLOWS:
        (FOLDER / f"{flow.name}.md").write_text(page(flow), encoding="utf-8")


if __name__ == "__main__":
    main()
