"""Change requests in bulk: those behind what changed since the first load, and in large demos many that are open."""

import hashlib
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from occto.demo import documents, names, rows
from occto.demo.bulk import Sink
from occto.demo.companies import company
from occto.demo.filer import filing_person
from occto.demo.rows import Scene, member_id, user_id
from occto.demo.shapes import BLOCK, Amendment, Company
from occto.domain.changes import (
    PROFILE_PARTS,
    ChangeState,
    Part,
    class_of,
    format_number,
    item_touches_votes,
    items_of,
    title_of,
    title_word,
)
from occto.domain.codes import AttachmentKind, ChangeAct, ChangeSource, Channel, ScanState, SubjectKind, Turn
from occto.domain.dates import start_of_day, today_jst
from occto.domain.profile import ChangeClass
from occto.models import (
    Attachment,
    AttachmentChunk,
    ChangeDraft,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Counter,
    Decision,
)

_ASKED_FOR = {0, 3, 9}
"""Places in a block whose later changes came as requests."""
_OPEN_EVERY, _OPEN_PLACE = 100, 94
_PROOF = documents.document(("履歴事項全部証明書", "これはデモのための見本です。"))
_PROOF_SUM = hashlib.sha256(_PROOF).hexdigest()
_S = ChangeState


class Ledger:
    """Numbers the requests of a load and writes their rows. `known_at` gives the newest register change at an instant."""

    def __init__(self, sink: Sink, scene: Scene, known_at: Callable[[datetime], int]) -> None:
        self._sink = sink
        self._scene = scene
        self._known_at = known_at
        self._last = 0
        self._by_year: Tally[int] = Tally()

    def change(self, number: int, made: Company, amendment: Amendment) -> dict[str, Any]:
        """The register change of an amendment; where it was asked for, the approved request goes with it."""
        person = filing_person(made)
        if made.index % BLOCK not in _ASKED_FOR or amendment.correction or person is None:
            return rows.change(self._scene, number, amendment.at)
        on = amendment.effective_on
        last = today_jst(amendment.at)
        at = start_of_day(on + (last - on) // 2) + timedelta(hours=8, minutes=made.index % 60)
        before, after = made.profile, amendment.values
        asked = {key: (before.get(key), new) for key, new in after.items() if before.get(key) != new}
        votes = any(item_touches_votes(key) for key in asked)
        actor = user_id(self._scene, made.index, person)
        steps = [("submit", actor, at, Turn.FIRST)]
        checker = self._scene.entered_by if votes else None
        if checker is not None:
            steps.append(("check", checker, amendment.at - timedelta(minutes=40), Turn.FIRST))
        steps.append(("approve", self._scene.approved_by, amendment.at, Turn.SECOND))
        request = {
            "state": _S.APPROVED,
            "checked_by_id": checker,
            "checked_at": amendment.at - timedelta(minutes=40) if checker is not None else None,
            "decided_at": amendment.at,
            "decided_by_id": self._scene.approved_by,
            "waiting_since": None,
            "assignee_id": checker or self._scene.approved_by,
        }
        number_of_request = self._write(made, actor, at, on, asked, request, steps, change_id=number)
        change = rows.change(self._scene, number, amendment.at)
        actors = {"actor_id": checker if checker is not None else actor, "second_actor_id": self._scene.approved_by}
        return change | {"source_kind": ChangeSource.CHANGE, "source_id": number_of_request} | actors

    def open_ones(self) -> None:
        """One open request for every hundred members, the oldest first: waiting, some of them taken or returned."""
        planned = sorted(self._planned())
        for at, index, kind in planned:
            made = company(self._scene.seed, index, today=self._scene.today)
            person = filing_person(made)
            assert person is not None
            actor = user_id(self._scene, index, person)
            asked = _ASKS[kind % len(_ASKS)](made)
            state = _STATES[kind % len(_STATES)]
            steps = [("submit", actor, at, Turn.FIRST)]
            later = min(at + timedelta(days=1), start_of_day(self._scene.today))
            step = {_S.IN_REVIEW: "take", _S.RETURNED: "return_request", _S.WITHDRAWN: "withdraw"}.get(state)
            if step is not None:
                by = actor if state is _S.WITHDRAWN else self._scene.entered_by
                steps.append((step, by, later, Turn.FIRST))
            request = {
                "state": state,
                "checked_by_id": None,
                "checked_at": None,
                "decided_at": later if state is _S.WITHDRAWN else None,
                "decided_by_id": actor if state is _S.WITHDRAWN else None,
                "waiting_since": at if state in (_S.SUBMITTED, _S.IN_REVIEW) else None,
                "assignee_id": self._scene.entered_by if state is _S.IN_REVIEW else None,
            }
            on = today_jst(at) - timedelta(days=kind % 40)
            self._write(made, actor, at, on, asked, request, steps, change_id=None)

    def _planned(self) -> Iterator[tuple[datetime, int, int]]:
        for index in range(_OPEN_PLACE, self._scene.members, _OPEN_EVERY):
            made = company(self._scene.seed, index, today=self._scene.today)
            if filing_person(made) is None or made.member_on > self._scene.today - timedelta(days=120):
                continue
            dice = Random(f"{self._scene.seed}/open/{index}")  # noqa: S311 - invented data, the same from run to run
            day = self._scene.today - timedelta(days=min(dice.randint(1, 60), dice.randint(1, 60)))
            at = start_of_day(day) + timedelta(hours=dice.randint(8, 18), minutes=dice.randint(0, 59))
            yield at, index, dice.randint(0, 999)

    def finish(self) -> None:
        """Let the verbs number on from here."""
        counters = [{"name": "change_request", "period": str(year), "value": n} for year, n in self._by_year.items()]
        self._sink.add(Counter, counters)

    def _write(
        self,
        made: Company,
        actor: int,
        at: datetime,
        on: date,
        asked: dict[str, tuple[Any, Any]],
        request: dict[str, Any],
        steps: list[tuple[str, int, datetime, Turn]],
        *,
        change_id: int | None,
    ) -> int:
        self._last += 1
        year = today_jst(at).year
        self._by_year[year] += 1
        row = {
            "id": self._last,
            "number": format_number(year, self._by_year[year]),
            "member_id": member_id(made.index),
            "channel": Channel.ONLINE,
            "title": title_of(title_word(key) for key in asked),
            "occurred_on": on,
            "touches_votes": any(item_touches_votes(key) for key in asked),
            "created_at": at - timedelta(minutes=30),
            "saved_at": at,
            "submitted_at": at,
            "started_by_id": actor,
            "version": 1 + len(steps),
        }
        self._sink.add(ChangeRequest, [row | request])
        proved = [key for key in asked if class_of(key) is ChangeClass.EVIDENCE]
        files = [self._file(at, proved)] if proved else []
        self._parts(at, on, asked, files)
        revision = {"id": self._last, "request_id": self._last, "no": 1, "submitted_by_id": actor, "submitted_at": at}
        self._sink.add(
            ChangeRevision, [revision | {"occurred_on": on, "base_change_id": self._known_at(at), "files": files}]
        )
        item = {"revision_id": self._last, "target_key": "", "act": ChangeAct.SET, "effective_on": on}
        self._sink.add(
            ChangeItem,
            [item | {"item": k, "old": old, "new": new, "change_id": change_id} for k, (old, new) in asked.items()],
        )
        subject = {"subject_kind": SubjectKind.CHANGE, "subject_id": self._last, "revision_no": 1, "stage": None}
        for step, by, when, turn in steps:
            reason = "書類をご確認ください。" if step == "return_request" else None
            taken = {"step": step, "turn": turn, "actor_id": by, "at": when, "reason": reason}
            self._sink.add(Decision, [subject | taken | {"revision_no": 0 if step == "submit" else 1}])
        return self._last

    def _file(self, at: datetime, proved: list[str]) -> dict[str, Any]:
        name = documents.FILE_NAMES[AttachmentKind.REGISTRY]
        shared = {"id": self._last, "kind": AttachmentKind.REGISTRY, "name": name}
        shared |= {"size": len(_PROOF), "sha256": _PROOF_SUM}
        kept = {"media_type": "application/pdf", "scan_state": ScanState.NOT_CONFIGURED, "added_at": at}
        self._sink.add(Attachment, [shared | kept | {"change_request_id": self._last}])
        self._sink.add(AttachmentChunk, [{"attachment_id": self._last, "no": 1, "bytes": _PROOF}])
        return shared | {"kind": AttachmentKind.REGISTRY.value, "items": proved}

    def _parts(self, at: datetime, on: date, asked: dict[str, tuple[Any, Any]], files: list[dict[str, Any]]) -> None:
        """What the member sees again when it corrects the request."""
        draft = {"request_id": self._last, "errors": 0, "saved_at": at}
        answers: dict[Part, dict[str, Any]] = {Part.FILES: {"files": files}} if files else {}
        for part in PROFILE_PARTS:
            own = {item.key: asked[item.key][1] for item in items_of(part) if item.key in asked}
            if own:
                answers[part] = {"effective_on": on.isoformat(), **own}
        for part, values in answers.items():
            self._sink.add(ChangeDraft, [draft | {"part": part.value, "typed": {}, "answers": values}])


def _represented(made: Company) -> dict[str, tuple[Any, Any]]:
    family = names.FAMILIES[made.index % len(names.FAMILIES)]
    new = {"representative_name": f"{family.text} 光", "representative_kana": f"{family.kana}　ヒカル"}
    return {key: (made.profile.get(key), value) for key, value in new.items()}


def _raised(made: Company) -> dict[str, tuple[Any, Any]]:
    capital = made.profile["capital"]
    return {"capital": (capital, capital + 10_000_000)}


def _moved(made: Company) -> dict[str, tuple[Any, Any]]:
    return {"address": (made.profile["address"], f"{made.profile['address']} 新館2階")}


_ASKS: tuple[Callable[[Company], dict[str, tuple[Any, Any]]], ...] = (_represented, _raised, _moved)
_STATES = (_S.SUBMITTED, _S.SUBMITTED, _S.IN_REVIEW, _S.SUBMITTED, _S.RETURNED, _S.SUBMITTED, _S.WITHDRAWN)
