"""Demo companies, pure from a seed: company number `index` is the same whatever the number of companies.

Companies come in blocks of twenty: a family with a chain, a sponsor with its single-purpose companies, subsidiaries of
a company that is no member, and companies that stand alone.
"""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from occto.demo import names
from occto.demo.people import contact, name_of, people_of, shared_people
from occto.demo.shapes import (
    APPLICANTS,
    BLOCK,
    FIRST_DAY,
    LAST_CHANGE,
    LOADED_BEFORE,
    Amendment,
    Company,
    Held,
    Tie,
    corporate_number,
)
from occto.domain.codes import ControlBasis, EndReason, Holding, LegalForm, Licence
from occto.domain.dates import start_of_day

_PARENT, _CHILD, _GRANDCHILD, _SISTER, _SPONSOR = 0, 1, 2, 3, 4
_SPC = (5, 6, 7, 8)
_OF_OUTSIDER = (9, 10, 11)
_NETWORK = 14
"""A grid company in the family of the first one, so that the family is in all three groups of votes."""
_BASE = {"outsider": 2, "member": 1}
_DIGITS36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MEMBER_CODES = 90_000


def operator_code(index: int) -> str:
    """The 事業者コード of member `index`: five digits, scattered, for the first 90,000; 90000 to 99999 stay free.

    Five digits give 100,000 codes; larger demos go on in base 36 (A0000, A0001 …), which the setting's pattern does not
    allow and the column does.
    """
    if index < _MEMBER_CODES:
        return f"{(index * 48_271 + 137) % _MEMBER_CODES:05d}"
    rest, code = index - _MEMBER_CODES + int("A0000", 36), ""
    while rest:
        rest, digit = divmod(rest, 36)
        code = _DIGITS36[digit] + code
    return code


def outsider(seed: int, number: int) -> tuple[str, str]:
    """Name and corporate number of a company that is no member but controls members."""
    rng = _rng(seed, -1 - number)
    name = f"{rng.choice(names.STEMS).text}{rng.choice(('ホールディングス', 'インベストメント', '商事', 'キャピタル'))}"
    return f"{name}株式会社", corporate_number(_BASE["outsider"], number)


def company(seed: int, index: int, *, today: date) -> Company:
    """Company number `index` (from 0) of the demo with this seed; days lie before and after `today`."""
    rng = _rng(seed, index)
    position, block = index % BLOCK, index // BLOCK
    categories = _categories(position, block)
    first = _first_day(rng, position, block, today)
    form = _legal_form(rng, position)
    stem, name, kana = _names(rng, seed, index, form, categories)
    domain = _domain(index, stem)
    profile = _profile(rng, index, form, name=name, kana=kana, domain=domain, categories=categories, first=first)
    profile["member_on"] = first.isoformat()
    held = tuple(_held(rng, category, index, first, number) for number, category in enumerate(categories))
    loaded_on, coming = today - LOADED_BEFORE, first > today
    recorded = today - timedelta(days=80) if coming else max(first, loaded_on)
    made = Company(
        index=index,
        operator_code=operator_code(index),
        domain=domain,
        profile=profile,
        member_on=first,
        recorded_at=start_of_day(recorded) + timedelta(hours=10),
        joined_since=recorded > loaded_on,
        licences=held,
        ties=_ties(rng, index, first),
        amendment=None,
        people=people_of(rng, index, domain, spc=position in _SPC, coming=coming),
        shared=shared_people(index, position),
        paper=position == 16 and block % 2 == 1,
    )
    if made.paper:
        made = replace(made, people=(), shared=())
    return _with_past(rng, made, stem, today)


def _rng(seed: int, index: int) -> random.Random:
    return random.Random(f"{seed}/{index}")  # noqa: S311 - invented data, the same from run to run


def _categories(position: int, block: int) -> tuple[Licence, ...]:
    """The licences that a place in a block has; the few grid companies take places of the first blocks."""
    L = Licence  # noqa: N806 - a short name for a table
    if position == 12 and block < 3:
        return (L.TRANS,)
    if position == 14 and block < 10:
        return (L.GTD,)
    if position == 17 and block < 2:
        return (L.DIST,)
    if position == 13:
        return (L.SPTD, L.RSPTD) if block % 2 == 0 else (L.SPTD,)
    table = {_PARENT: (L.RETAIL, L.GEN), _SISTER: (L.RETAIL,), _SPONSOR: (L.GEN, L.AGG), 11: (L.RETAIL,)}
    table |= {12: (L.RETAIL,), 15: (L.RETAIL,), 17: (L.AGG,), 18: (L.RETAIL, L.GEN) if block % 3 == 1 else (L.GEN,)}
    table |= {19: (L.GEN,) if block % 2 == 0 else (L.RETAIL,)}
    return table.get(position, (L.GEN,))


def _first_day(rng: random.Random, position: int, block: int, today: date) -> date:
    """The day of membership: before the first load for most, since then for some, to come for a few."""
    span = (today - LOADED_BEFORE - FIRST_DAY).days
    if position == 19 and block % 2 == 0:
        return today + timedelta(days=rng.randint(10, 90))
    if position in {10, 17} and block % 2 == 1:
        return today - timedelta(days=rng.randint(90, 400))
    day = FIRST_DAY + timedelta(days=rng.randint(0, span))
    return FIRST_DAY if position in {_PARENT, _SPONSOR} and rng.random() < 0.5 else day


def _legal_form(rng: random.Random, position: int) -> LegalForm:
    if position in {_GRANDCHILD, *_SPC}:
        return LegalForm.GK
    if position in {14, 16}:
        forms = (LegalForm.KK, LegalForm.KK, LegalForm.YK, LegalForm.COOPERATIVE, LegalForm.ASSOCIATION)
        return rng.choice(forms) if position == 16 else LegalForm.KK
    chance = rng.random()
    return LegalForm.KK if chance < 0.85 or position in {_PARENT, _SPONSOR} else LegalForm.GK


_FORM_WORDS = {
    LegalForm.KK: "株式会社",
    LegalForm.GK: "合同会社",
    LegalForm.YK: "有限会社",
    LegalForm.COOPERATIVE: "協同組合",
    LegalForm.ASSOCIATION: "一般社団法人",
}


def _names(
    rng: random.Random, seed: int, index: int, form: LegalForm, categories: tuple[Licence, ...]
) -> tuple[names.Word, str, str]:
    """Stem, name and reading. A single-purpose company has its sponsor's stem and the number of its plant."""
    position = index % BLOCK
    if position in _SPC:
        stem = _stem(seed, index - position + _SPONSOR)
        plant, number = rng.choice(names.PLANT_WORDS), position - _SPONSOR
        return stem, f"合同会社{stem.text}{plant.text}{number}号", f"{stem.kana}{plant.kana}{_READ[number]}ゴウ"
    stem, second = _stem(seed, index), rng.choice(names.SECONDS)
    if Licence.GTD in categories or Licence.DIST in categories:
        last = names.Word("電力ネットワーク", "デンリョクネットワーク")
    elif Licence.TRANS in categories:
        last = names.Word("送電", "ソウデン")
    else:
        last = rng.choice(names.RETAIL_WORDS if Licence.RETAIL in categories else names.POWER_WORDS)
    if index in _FIXED:
        second, last = names.SECONDS[0], _FIXED[index][1]
    core, word = f"{stem.text}{second.text}{last.text}", _FORM_WORDS[form]
    behind = rng.random() < 0.55 and form in {LegalForm.KK, LegalForm.GK}
    behind = behind or form is LegalForm.COOPERATIVE or index in _FIXED
    return stem, f"{core}{word}" if behind else f"{word}{core}", f"{stem.kana}{second.kana}{last.kana}"


_READ = {1: "イチ", 2: "ニ", 3: "サン", 4: "ヨン"}
_FIXED = {
    0: (names.Word("汐見", "シオミ", "shiomi"), names.Word("電力", "デンリョク")),
    _SPONSOR: (names.Word("浜風", "ハマカゼ", "hamakaze"), names.Word("エナジー", "エナジー")),
}
"""The two companies whose accounts stay the same from run to run."""


def _stem(seed: int, index: int) -> names.Word:
    """The first word of the name, from dice of its own, so that a sponsor's companies can have it too."""
    if index in _FIXED:
        return _FIXED[index][0]
    if index in {1, 2, 3}:
        return names.STEMS[index]  # letters that many systems lose, in sight from the start
    return random.Random(f"{seed}/stem/{index}").choice(names.STEMS)  # noqa: S311 - as above


def _domain(index: int, stem: names.Word) -> str:
    if index >= APPLICANTS:
        return f"{stem.latin}-{(index - APPLICANTS) // BLOCK + 1}.example.jp"
    return f"{stem.latin}.example.jp" if index in _FIXED else f"{stem.latin}{index}.example.jp"


_TITLES = {
    LegalForm.KK: "代表取締役社長",
    LegalForm.GK: "代表社員 職務執行者",
    LegalForm.YK: "代表取締役",
    LegalForm.COOPERATIVE: "代表理事",
    LegalForm.ASSOCIATION: "代表理事",
}


def _profile(
    rng: random.Random,
    index: int,
    form: LegalForm,
    *,
    name: str,
    kana: str,
    domain: str,
    categories: tuple[Licence, ...],
    first: date,
) -> dict[str, Any]:
    place = rng.choice(names.PLACES)
    representative, reading = name_of(rng)[:2]
    values: dict[str, Any] = {
        "name": name,
        "kana": kana,
        "corporate_number": corporate_number(_BASE["member"], index),
        "legal_form": form.value,
        "postal_code": place.postal_code,
        "prefecture": place.prefecture,
        "address": _address(rng, place),
        "representative_title": _TITLES[form],
        "representative_name": representative,
        "representative_kana": reading,
        "capital": _capital(rng, index, form, categories),
        "starts_on": (first + timedelta(days=rng.randint(0, 200))).isoformat(),
    }
    if rng.random() < 0.8:
        values["fiscal_month"] = rng.choice((3, 3, 3, 12, 9, 6))
    if form is LegalForm.KK and rng.random() < 0.7:
        values["url"] = f"https://www.{domain}/"
    if rng.random() < 0.2:
        values["name_en"] = f"{domain.split('.')[0].rstrip('0123456789').title()} Energy {index} Co., Ltd."
    if set(categories) & {Licence.GTD, Licence.DIST, Licence.RETAIL}:
        values["area"] = rng.choice(names.AREAS)
    values |= contact(rng, "member_contact", domain, place, names.DEPARTMENTS)
    if rng.random() < 0.4:
        values |= contact(rng, "assembly_contact", domain, place, names.DEPARTMENTS)
    if rng.random() < 0.3:
        values |= contact(rng, "accounting_contact", domain, place, names.ACCOUNTING)
    return values


def _address(rng: random.Random, place: names.Place) -> str:
    street = f"{place.town}{rng.randint(1, 5)}丁目{rng.randint(1, 28)}番{rng.randint(1, 19)}号"
    if rng.random() < 0.35:
        return f"{street} {rng.choice(names.STEMS).text}ビル{rng.randint(2, 18)}階"
    return street


def _capital(rng: random.Random, index: int, form: LegalForm, categories: tuple[Licence, ...]) -> int:
    """Yen; the first two subsidiaries of an outsider have the same, so that the roster decides between them."""
    if index % BLOCK in {9, 10}:
        return 30_000_000
    if Licence.GTD in categories:
        return rng.choice((10_000_000_000, 50_000_000_000, 200_000_000_000))
    if form is LegalForm.GK:
        return rng.choice((100_000, 100_000, 500_000, 1_000_000, 3_000_000))
    if index % BLOCK == _PARENT:
        return rng.randint(10, 900) * 100_000_000
    return rng.randint(1, 99) * 1_000_000 if rng.random() < 0.7 else rng.randint(1, 30) * 100_000_000


_LETTERS = {Licence.RETAIL: "A", Licence.GEN: "G", Licence.AGG: "T", Licence.SPTD: "S", Licence.RSPTD: "R"}


def _held(rng: random.Random, category: Licence, index: int, first: date, number: int) -> Held:
    letter = _LETTERS.get(category)
    later = rng.randint(0, 40) if number else 0
    return Held(category, f"{letter}{index % 10_000:04d}" if letter else None, first + timedelta(days=later))


def _ties(rng: random.Random, index: int, first: date) -> tuple[Tie, ...]:
    """The company's place in the graph; every parent has a smaller index, so there are no rings."""
    position, block = index % BLOCK, index // BLOCK
    root = index - position
    over_half = rng.randint(5_001, 10_000)
    if position in {_CHILD, _SISTER}:
        return (Tie(first, parent_index=root, ratio_bp=over_half),)
    if position == _GRANDCHILD:
        return (Tie(first, parent_index=root + _CHILD),)
    if position in _SPC:
        return (Tie(first, parent_index=root + _SPONSOR, basis=ControlBasis.SUBSTANCE, ratio_bp=None),)
    if position in _OF_OUTSIDER:
        return (Tie(first, outsider_no=2 * block, ratio_bp=over_half),)
    if position == 15:
        loose = Tie(first, parent_index=root, controlling=False, basis=None, holding=Holding.INDIRECT, ratio_bp=2_000)
        return (loose,)
    if position == 16:
        name = f"{rng.choice(names.STEMS).latin.title()} Energy Holdings Pte. Ltd."
        return (Tie(first, parent_name=name, ratio_bp=over_half),)
    if index == _NETWORK:
        return (Tie(first, parent_index=root, ratio_bp=over_half),)
    if position == 12 and block % 2 == 1:
        return (Tie(first, parent_index=root, ratio_bp=over_half, ended_on=first + timedelta(days=30)),)
    return ()


def _with_past(rng: random.Random, made: Company, stem: names.Word, today: date) -> Company:
    """The company with what changed since the first load: a third of the places in a block have something."""
    position, block, day = made.index % BLOCK, made.index // BLOCK, today - LAST_CHANGE
    day -= timedelta(days=rng.randint(0, 330))
    at = start_of_day(day) + timedelta(hours=rng.randint(9, 17), minutes=rng.randint(0, 59))
    since = day - timedelta(days=rng.randint(0, 14))
    values: dict[str, Any] = {}
    if position == _PARENT:
        representative, reading = name_of(rng)[:2]
        values = {"capital": made.profile["capital"] + 500_000_000, "representative_name": representative}
        values |= {"representative_kana": reading}
    elif position == _SISTER or (position == 15 and block % 2 == 1):
        word = rng.choice(names.RETAIL_WORDS)
        values = {"name": f"{stem.text}ネクスト{word.text}株式会社", "kana": f"{stem.kana}ネクスト{word.kana}"}
        values |= {"legal_form": LegalForm.KK.value, "capital": made.profile["capital"] * 2}
        since = today + timedelta(days=40) if position == 15 else since
    elif position == 9:
        place = rng.choice(names.PLACES)
        values = {"postal_code": place.postal_code, "prefecture": place.prefecture, "address": _address(rng, place)}
    elif position == 12:
        values = {"capital": made.profile["capital"] // 10}
        return replace(made, amendment=Amendment(at, made.member_on, values, correction=True))
    licences = _later_licences(rng, made, since, today)
    if not values and not licences:
        return made
    return replace(made, amendment=Amendment(at, since, values, licences))


def _later_licences(rng: random.Random, made: Company, since: date, today: date) -> tuple[Held, ...]:
    position, block = made.index % BLOCK, made.index // BLOCK
    if position == 18:
        ended = made.licences[-1]
        end = max(since, ended.effective_on + timedelta(days=1))
        end = end if block % 3 < 2 else today + timedelta(days=rng.randint(20, 80))
        reason = EndReason.REVOCATION if ended.category is Licence.RETAIL else EndReason.CLOSURE_NOTIFICATION
        return (replace(ended, ended_on=end, end_reason=reason),)
    if position == 19 and block % 2 == 1:
        return (Held(Licence.GEN, f"G{made.index % 10_000:04d}", today + timedelta(days=rng.randint(10, 90))),)
    if position == 15 and block % 2 == 0:
        return (Held(Licence.GEN, f"G{made.index % 10_000:04d}", since),)
    return ()
