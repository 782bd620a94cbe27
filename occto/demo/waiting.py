"""Requests of many members that wait for the office: of every kind, age and lateness, through the verbs."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from occto.demo import filer as ask
from occto.demo import names, requests
from occto.demo.companies import company
from occto.demo.filer import Ask, Filer, filing_person
from occto.demo.office import Act, Office, filed, story
from occto.demo.plays import Acting, World
from occto.demo.shapes import Company
from occto.domain.changes import Part
from occto.domain.codes import EndReason, Licence

HOW_MANY = 30
_AGES = (0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 20, 22, 25, 28, 32, 38, 45, 52, 60)
_LATE = (0, 3, 1, 14, 5, 30, 0, 75, 9, 2, 120)
_TAKEN, _CHECKED, _RETURNED, _HELD = {5, 12, 21}, {10, 23}, {16}, {19}
"""Places in the queue of which more has happened than the submission."""
_OTHERS = {0, requests.LATE_MEMBER, requests.PAPER_MEMBER, requests.MERGED, requests.SUCCESSOR, requests.SUBSIDIARY}
_SETTLED = timedelta(days=200)


def stories(world: World) -> Iterator[Acting]:
    """HOW_MANY requests, or as many as there are members, each of a member of its own, the newest first."""
    for place, made in zip(range(HOW_MANY), _members(world), strict=False):
        yield _story(world, place, made)


def _members(world: World) -> Iterator[Company]:
    """Members that have somebody who reports changes and that are neither new nor about to leave."""
    for index in range(world.scene.members):
        made = company(world.scene.seed, index, today=world.today)
        settled = made.member_on <= world.today - _SETTLED and all(
            held.ended_on is None for held in made.licences_now()
        )
        if index not in _OTHERS and settled and filing_person(made) is not None:
            yield made


def _story(world: World, place: int, made: Company) -> Acting:
    filer = world.filer(made.index)
    days = _AGES[place]
    occurred = world.today - timedelta(days=days + _LATE[place % len(_LATE)])
    kinds = [_KINDS[(place + step) % len(_KINDS)] for step in range(len(_KINDS))]
    kind = next(kind for kind, possible in kinds if possible(made))
    acts = filed(filer, lambda: kind(world, filer, occurred), days, occurred_on=occurred)
    return story(world, *acts, *_handled(Office(world, filer), place, days))


def _handled(office: Office, place: int, days: int) -> Iterator[Act]:
    if place in _TAKEN | _CHECKED | _RETURNED | _HELD:
        yield days - 1, 10, office.take
    if place in _CHECKED:
        yield days - 1, 14, office.check
    if place in _RETURNED:
        reason = "添付の書類が3か月より前のものです。新しいものに差し替えて、もう一度提出してください。"
        yield days - 2, 11, lambda at: office.give_back(at, reason, {})
    if place in _HELD:
        yield days - 2, 15, lambda at: office.hold(at, "会社からの電話を待っています。")


def _renamed(_world: World, filer: Filer, on: date) -> Ask:
    word = names.RETAIL_WORDS[filer.company.index % len(names.RETAIL_WORDS)]
    stem = names.STEMS[filer.company.index % len(names.STEMS)]
    new: dict[str, Any] = {"name": f"株式会社{stem.text}みらい{word.text}", "kana": f"{stem.kana}ミライ{word.kana}"}
    return ask.profile(Part.COMPANY, on, proved=("name",), **new)


def _moved(_world: World, filer: Filer, on: date) -> Ask:
    place = names.PLACES[filer.company.index % len(names.PLACES)]
    street = f"{place.town}{filer.company.index % 5 + 1}丁目{filer.company.index % 19 + 1}番7号"
    new: dict[str, Any] = {"postal_code": place.postal_code, "prefecture": place.prefecture, "address": street}
    return ask.profile(Part.COMPANY, on, **new)


def _represented(_world: World, filer: Filer, on: date) -> Ask:
    family = names.FAMILIES[filer.company.index % len(names.FAMILIES)]
    new: dict[str, Any] = {
        "representative_name": f"{family.text} 千尋",
        "representative_kana": f"{family.kana}　チヒロ",
    }
    return ask.profile(Part.OUTLINE, on, **new)


def _raised(world: World, filer: Filer, on: date) -> Ask:
    capital = filer.company.profile_on(world.today)["capital"]
    return ask.profile(Part.OUTLINE, on, proved=("capital",), capital=capital + 20_000_000)


def _licence_more(_world: World, filer: Filer, on: date) -> Ask:
    return ask.licence_added(Licence.AGG, on, number=f"T{filer.company.index:04d}")


def _licence_less(world: World, filer: Filer, on: date) -> Ask:
    category = filer.company.licences_now()[-1].category
    end = max(on, world.today - timedelta(days=20))
    return ask.licence_ended(filer.licence_id(category), end, EndReason.CLOSURE_NOTIFICATION.value)


def _bought(world: World, _filer: Filer, on: date) -> Ask:
    """Its new parent is a member: the first company of the block before, or the very first."""
    return ask.parent_added(company(world.scene.seed, 0, today=world.today), on, ratio_bp=5_500)


def _sold(_world: World, filer: Filer, on: date) -> Ask:
    return ask.relation_ended(filer.parent_relation(), on)


def _area(_world: World, filer: Filer, on: date) -> Ask:
    return ask.profile(Part.BUSINESS, on, area=names.AREAS[filer.company.index % len(names.AREAS)] + "、離島を除く")


def _any(_made: Company) -> bool:
    return True


def _has_parent(made: Company) -> bool:
    return any(tie.ended_on is None and tie.controlling and tie.parent_name is None for tie in made.ties)


_KINDS: tuple[tuple[Callable[[World, Filer, date], Ask], Callable[[Company], bool]], ...] = (
    (_renamed, _any),
    (_licence_less, lambda made: len(made.licences_now()) > 1),
    (_raised, _any),
    (_area, lambda made: made.profile.get("area") is not None),
    (_moved, _any),
    (_licence_more, lambda made: all(held.category is not Licence.AGG for held in made.licences_now())),
    (_represented, _any),
    (_bought, lambda made: not made.ties),
    (_sold, _has_parent),
)
"""Kinds of requests, each with the members that it is possible for."""
