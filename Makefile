.DEFAULT_GOAL := help
.PHONY: help run test check bench format flows lock clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: ## the demo on http://127.0.0.1:8000 (PORT, HOST and DATABASE_URL may be set)
	@exec scripts/run

test: ## everything: style, types, tests on SQLite and PostgreSQL, journeys in Chromium
	@scripts/venv requirements-dev.txt && exec .venv/bin/python scripts/test.py

check: ## the inner loop, within a minute: style, types, tests on SQLite
	@scripts/venv requirements-dev.txt && exec .venv/bin/python scripts/test.py --quick

bench: ## pages against the same pages by hand, on SQLite (see benchmarks/README.md)
	@scripts/venv requirements-dev.txt && exec .venv/bin/python -m benchmarks.pages --database sqlite --rounds 7

format: ## ruff's formatting and safe corrections
	@scripts/venv requirements-dev.txt
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

flows: ## print docs/flows/ from the tables of the code
	@scripts/venv requirements.txt && .venv/bin/python scripts/print_flows.py

lock: ## compile requirements*.txt from requirements*.in (needs uv)
	@command -v uv >/dev/null || { echo "uv is needed and was not found." >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -o requirements.txt requirements.in
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -o requirements-dev.txt requirements-dev.in

clean: ## remove the virtual environment, caches and the demo's data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis var/demo.db* var/demo_*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
