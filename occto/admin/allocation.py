"""議決権の集計: who holds which votes of an assembly and why, by group, family and member; what to look at; what changed."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, abort, request
from flask_admin import BaseView, expose
from sqlalchemy import select

from occto import allocation_words as words
from occto.access import permit, viewer
from occto.admin.allocation_export import exported
from occto.admin.allocation_policies import policies_page
from occto.admin.assemblies import about_in_words, late_state
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Screen, clamped_id, search_term
from occto.admin.verb_view import Doors
from occto.domain.assembly import FROZEN_OR_LATER, UNFROZEN, title_of
from occto.domain.errors import NotFound, Refusal
from occto.domain.impact import impact
from occto.domain.permissions import Permission
from occto.domain.votes import Group
from occto.extensions import db
from occto.family_tree import MOST, drawing
from occto.models import Assembly, Body
from occto.queries.allocation_reading import Kept, Reading, kept_numbered, kept_of, reading_of, usual
from occto.queries.assemblies import late_facts
from occto.queries.changes_staff import open_assemblies
from occto.queries.roll import Preview
from occto.queries.search import members_named
from occto.vote_words import impact_in_words

PAGE = 50
FOUND = 50
"""Members that a search shows."""
NAMED = 100
"""Companies that a finding names on the page; the workbook has all."""
COMPARED = 200
"""Companies that a comparison names in each group."""
LIVE = "live"
TABS = (
    ("allocation.index", "グループ別"),
    ("allocation.families", "資本関係別"),
    ("allocation.members", "会員を探す"),
    ("allocation.findings", "確認事項"),
    ("allocation.compare", "前回との比較"),
)


class AllocationView(Doors, Screen, BaseView):
    """The division of votes of one assembly: as frozen, as a draft was kept, or as the register reads now."""

    see = Permission.ASSEMBLY_SEE
    under = "assemblies"

    def __init__(self) -> None:
        super().__init__(name="議決権の集計", endpoint="allocation", url="allocation")

    @expose("/")
    def index(self) -> Any:
        """The units of a group in the order of the roster, sought by their number."""
        if "id" not in request.args:
            return self.render("admin/allocation_start.html", assemblies=_named(open_assemblies(db.session())))

        def shown(reading: Reading) -> dict[str, Any]:
            group = _group(reading)
            only = request.args.get("show") == "families"
            units = [
                (no, unit)
                for no, unit in enumerate(reading.allocation.units[group], 1)
                if not only or len(unit.members) > 1
            ]
            page, before, after = _page(units, key=lambda each: each[0])
            rows = [words.unit_row(reading, unit, no) for no, unit in page]
            return {
                "group": group,
                "groups": [(each.value, each.title) for each in _titles()],
                "only": only,
                "rows": rows,
                "total": len(units),
                "before": before,
                "after": after,
            }

        return self._answer("admin/allocation.html", shown)

    @expose("/families/")
    def families(self) -> Any:
        """The families, each with who holds its votes."""

        def shown(reading: Reading) -> dict[str, Any]:
            page, before, after = _page(list(enumerate(reading.families, 1)), key=lambda each: each[0])
            rows = [
                (
                    words.company(reading, family.root),
                    len(family.nodes),
                    family.voters,
                    [words.holders(reading, family, group) for group in Group],
                )
                for _no, family in page
            ]
            return {
                "rows": rows,
                "total": len(reading.families),
                "before": before,
                "after": after,
                "titles": [each.title for each in _titles()],
            }

        return self._answer("admin/allocation_families.html", shown)

    @expose("/family/")
    def family(self) -> Any:
        """One family as a tree, and the same as a table."""
        root = clamped_id(request.args.get("root"))

        def shown(reading: Reading) -> dict[str, Any]:
            family = next((one for one in reading.families if one.root == root), None)
            if family is None:
                raise NotFound
            leaves = words.leaves(reading, family)
            return {
                "family": family,
                "name": reading.name(family.root),
                "leaves": [(leaf, words.company(reading, leaf.node)) for leaf in leaves],
                "drawing": drawing(leaves, groups=len(Group)),
                "most": MOST,
                "titles": [each.title for each in _titles()],
            }

        return self._answer("admin/allocation_family.html", shown, tab="allocation.families")

    @expose("/members/")
    def members(self) -> Any:
        """Members on the roll by name, kana, code or number, with their votes."""
        term = search_term()

        def shown(reading: Reading) -> dict[str, Any]:
            ids = set(db.session.scalars(members_named(db.session(), term)))
            nodes = sorted((reading.nodes[one] for one in ids if one in reading.nodes), key=reading.place)
            rows = [
                (
                    words.company(reading, node),
                    reading.voters[node].roster_no,
                    [words.standing(reading, node, group) for group in Group],
                    reading.allocation.weight(node),
                )
                for node in nodes[:FOUND]
            ]
            return {
                "term": term,
                "rows": rows,
                "many": len(nodes) > FOUND,
                "outside": len(ids) - len(nodes),
                "titles": [each.title for each in _titles()],
            }

        return self._answer("admin/allocation_members.html", shown)

    @expose("/member/")
    def member(self) -> Any:
        """One member: its votes in each group, or who holds them and why."""
        number = clamped_id(request.args.get("member"))

        def shown(reading: Reading) -> dict[str, Any]:
            node = reading.nodes.get(number or 0)
            if node is None:
                raise NotFound
            voter = reading.voters[node]
            return {
                "one": words.company(reading, node),
                "voter": voter,
                "licences": words.licences(voter),
                "votes": reading.allocation.weight(node),
                "standings": [words.standing(reading, node, group) for group in Group],
                "root": reading.root_of(node),
            }

        return self._answer("admin/allocation_member.html", shown, tab="allocation.members")

    @expose("/findings/")
    def findings(self) -> Any:
        """What there is to look at before the freeze, each with what to do."""

        def shown(reading: Reading) -> dict[str, Any]:
            session = db.session()
            state = session.get_one(Assembly, reading.calculation.assembly_id).state
            frozen = state in FROZEN_OR_LATER
            late = [
                (one, about_in_words(one), late_state(one, frozen=frozen))
                for one in late_facts(session, reading.calculation.assembly_id)
            ]
            return {"rows": words.finding_rows(reading, _names(reading), most=NAMED), "late": late, "frozen": frozen}

        return self._answer("admin/allocation_findings.html", shown)

    @expose("/compare/")
    def compare(self) -> Any:
        """What changed since another calculation, as shares of each group."""

        def shown(reading: Reading) -> dict[str, Any]:
            session = db.session()
            kept = kept_of(session, reading.calculation.assembly_id)
            asked = request.args.get("with", "")
            other = _other(kept, reading, asked)
            if other is None:
                return {"other": None, "chosen": asked}
            assembly = session.get_one(Assembly, reading.calculation.assembly_id)
            before = reading_of(session, assembly, None if other == LIVE else other)  # type: ignore[arg-type]
            moved = impact(before.allocation, reading.allocation)
            names = {**before.calculation.record.names, **reading.calculation.record.names}
            return {
                "other": before,
                "figures_before": words.figures(before),
                "impact": impact_in_words(
                    Preview(moved, names, ()), most=COMPARED, unequal=words.unequal(before) | words.unequal(reading)
                ),
                "nothing": moved.nothing,
                "chosen": LIVE if other == LIVE else str(other.no),  # type: ignore[union-attr]
                "heads": (_short(before), _short(reading)),
            }

        return self._answer("admin/allocation_compare.html", shown)

    @expose("/export-xlsx/")
    @permit(Permission.EXPORT)
    def export_xlsx(self) -> Response:
        """All of it as a workbook; noted before it leaves."""
        assembly, _kept, chosen = _asked()
        reading = reading_of(db.session(), assembly, chosen)
        return exported(reading, title=title_of(assembly), names=_names(reading))

    @expose("/policies/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def policies(self) -> Any:
        """How each group is divided; until the freeze."""
        return policies_page(self)

    def _answer(self, template: str, shown: Callable[[Reading], dict[str, Any]], *, tab: str = "") -> Any:
        """A page of the calculation that the address names; where it cannot be made, the page says why."""
        assembly, kept, chosen = _asked()
        common: dict[str, Any] = {
            "assembly": assembly,
            "heading": title_of(assembly),
            "pages": pages_of(assembly, at="allocation.index"),
            "may_divide": assembly.state in UNFROZEN and viewer.can(Permission.ASSEMBLY_EDIT),
            "choices": _choices(kept),
            "of": str(chosen.no) if chosen else LIVE,
            "tabs": TABS,
            "tab": tab or request.endpoint,
            "page_size": PAGE,
        }
        try:
            reading = reading_of(db.session(), assembly, chosen)
        except Refusal as refusal:
            return self.render("admin/allocation_base.html", refusal=refusal.sentence, reading=None, **common), 409
        rows = words.finding_rows(reading, {}, most=0)
        try:
            found = shown(reading)
        except NotFound:
            abort(404)
        return self.render(
            template,
            reading=reading,
            basis=words.basis_in_words(reading),
            figures=words.figures(reading),
            errors=words.counted(rows, "error"),
            warnings=words.counted(rows, "warning"),
            **common,
            **found,
        )


def _asked() -> tuple[Assembly, list[Kept], Kept | None]:
    """The assembly and the calculation that the address names; 404 where there is none."""
    session = db.session()
    assembly = assembly_asked()
    kept = kept_of(session, assembly.id)
    of = request.args.get("of", "")
    if not of:
        return assembly, kept, usual(kept)
    if of == LIVE:
        return assembly, kept, None
    try:
        return assembly, kept, kept_numbered(kept, clamped_id(of))
    except NotFound:
        abort(404)


def _choices(kept: Sequence[Kept]) -> list[tuple[str, str]]:
    return [(LIVE, words.LIVE), *((str(one.no), words.kept_in_words(one)) for one in kept)]


def _other(kept: Sequence[Kept], reading: Reading, asked: str) -> Kept | str | None:
    """What a calculation is compared with: what was asked for, else what was kept before it; None: there is nothing."""
    if asked == LIVE:
        return LIVE
    if asked:
        return kept_numbered(kept, clamped_id(asked))
    earlier = [one for one in kept if reading.kept is None or one.no < reading.kept.no]
    return earlier[0] if earlier else None


def _short(reading: Reading) -> str:
    return f"第{reading.kept.no}回" if reading.kept else "いまの登録"


def _titles() -> list[Any]:
    return [words.GroupTitle(group) for group in Group]


def _group(reading: Reading) -> Group:
    """The group that the address names, else the first one that has anybody."""
    asked = request.args.get("group", "")
    if asked in set(Group):
        return Group(asked)
    return next((group for group in (Group.G, Group.R, Group.N) if reading.allocation.units[group]), Group.G)


def _page(rows: Sequence[Any], *, key: Callable[[Any], int]) -> tuple[Sequence[Any], int | None, int | None]:
    """A page of rows that are in the order of `key`, with where the pages before and after it begin."""
    after, before = clamped_id(request.args.get("after")), clamped_id(request.args.get("before"))
    if after is None and before is not None:
        earlier = [row for row in rows if key(row) < before]
        page = earlier[-PAGE:]
        more, fewer = True, len(earlier) > PAGE
    else:
        later = [row for row in rows if key(row) > (after or 0)]
        page = later[:PAGE]
        more, fewer = len(later) > PAGE, after is not None
    back = key(page[0]) if page and fewer else None
    forth = key(page[-1]) if page and more else None
    return page, back, forth


def _names(reading: Reading) -> dict[int, str]:
    """Names of today for companies among the findings that the calculation does not name."""
    missing = words.nameless(reading)
    if not missing:
        return {}
    return {row.id: row.name for row in db.session.execute(select(Body.id, Body.name).where(Body.id.in_(missing)))}


def _named(assemblies: Sequence[Assembly]) -> list[tuple[int, str, Assembly]]:
    return [(one.id, title_of(one), one) for one in assemblies]
