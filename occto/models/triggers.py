"""Triggers that keep history from being rewritten, made by one function for both databases.

A batch migration on SQLite drops a table's triggers: every migration that alters one of these tables ends by calling
`create_triggers`. A test counts them.
"""

from sqlalchemy import Connection, inspect, text

APPEND_ONLY = (
    "audit_events", "audit_links", "access_events", "access_subjects", "consents", "declarations", "application_revisions",
    "change_revisions", "confirmations", "decisions", "former_codes", "remarks", "register_changes", "terms_versions",
    "snapshot_members", "snapshot_units", "unit_members", "snapshot_relations", "replies", "ballots", "attendees",
    "receipt_lists", "settings", "scans", "item_decisions", "decision_votes", "consent_records", "kit_hashes",
)  # fmt: skip
"""No row is changed or removed."""

UNCHANGING = ("attachment_chunks",)
"""No row is changed; the files of a draft that was never submitted may be removed with it."""

ONE_WAY: dict[str, tuple[str, ...]] = {
    "audit_details": ("payload", "purged_by_id"),
    "profile_facts": ("voided_id",),
    "licence_facts": ("voided_id",),
    "control_facts": ("voided_id",),
    "roster_facts": ("voided_id",),
    "sanction_facts": ("voided_id",),
    "snapshots": ("state", "superseded_at"),
    "change_items": ("change_id",),
    "check_ins": ("ending", "ended_by_id", "reason", "ended_at"),
    "assembly_results": ("published_at",),
}
"""No row is removed; only these columns change, and only once: the last of them from NULL to a value."""


def create_triggers(connection: Connection) -> None:
    """Make every trigger anew on the tables that exist; whatever stood under the same names is replaced."""
    drop_triggers(connection)
    make = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    present = set(inspect(connection).get_table_names())
    for table in (*APPEND_ONLY, *UNCHANGING, *ONE_WAY):
        if table in present:
            columns = [column["name"] for column in inspect(connection).get_columns(table)]
            for act, statement in make(table, columns, ONE_WAY.get(table, ())).items():
                if act != "delete" or table not in UNCHANGING:
                    connection.execute(text(statement))


def drop_triggers(connection: Connection) -> None:
    """Remove every trigger of this module, for migrations that have to rebuild a table."""
    present = set(inspect(connection).get_table_names())
    for table in (*APPEND_ONLY, *UNCHANGING, *ONE_WAY):
        for act in ("update", "delete", "truncate"):
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS keep_{table}_{act}"))
            elif table in present:
                connection.execute(text(f"DROP TRIGGER IF EXISTS keep_{table}_{act} ON {table}"))


def _sqlite(table: str, columns: list[str], may_change: tuple[str, ...]) -> dict[str, str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} keeps its history'); END"
    condition = ""
    if may_change:
        last = may_change[-1]
        fixed = [f"OLD.{column} IS NOT NEW.{column}" for column in columns if column not in may_change]
        condition = f"WHEN OLD.{last} IS NOT NULL OR NEW.{last} IS NULL OR {' OR '.join(fixed)} "
    return {
        "update": f"CREATE TRIGGER keep_{table}_update BEFORE UPDATE ON {table} {condition}{refuse}",
        "delete": f"CREATE TRIGGER keep_{table}_delete BEFORE DELETE ON {table} {refuse}",
    }


def _postgresql(table: str, columns: list[str], may_change: tuple[str, ...]) -> dict[str, str]:  # noqa: ARG001 - one signature
    condition = ""
    if may_change:
        last = may_change[-1]
        names = ", ".join(f"'{column}'" for column in may_change)
        same = f"to_jsonb(OLD.*) - ARRAY[{names}] IS NOT DISTINCT FROM to_jsonb(NEW.*) - ARRAY[{names}]"
        condition = f"WHEN (NOT (OLD.{last} IS NULL AND NEW.{last} IS NOT NULL AND {same})) "
    function = (
        "CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% keeps its history', TG_TABLE_NAME; END $$"
    )
    run = "EXECUTE FUNCTION keep_history()"
    return {
        "function": function,
        "update": f"CREATE TRIGGER keep_{table}_update BEFORE UPDATE ON {table} FOR EACH ROW {condition}{run}",
        "delete": f"CREATE TRIGGER keep_{table}_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
        "truncate": f"CREATE TRIGGER keep_{table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    }
