"""記録 in words: subjects, and the keys and codes of a payload."""

from enum import StrEnum
from typing import Any

from occto.domain import codes
from occto.domain.account_requests import ACCOUNT_REQUESTS, AccountRequestKind, AccountRequestState
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.changes import CHANGES, ChangeState
from occto.domain.jobs import JobKind, JobState
from occto.domain.joining import JOINING, ApplicationState, Stage
from occto.domain.mandates import MandateSide
from occto.domain.permissions import Role
from occto.domain.sections import BY_KEY
from occto.labels import label

SUBJECTS = {
    "APPLICATION": "加入申請",
    "MEMBER": "会員",
    "USER": "ユーザ",
    "CHANGE": "変更申請",
    "ROSTER": "名簿番号の変更案",
    "MANDATE": "委託",
    "CONTRACTOR": "受託者",
    "ASSEMBLY": "総会",
    "IMPORT": "取込み",
    "MAIL": "送信メール",
    "LINK": "リンク",
    "SESSION": "サインイン",
    "ACCOUNT": "管理者の申請",
    "SYSTEM": "システム",
    "LIST": "一覧",
    "JOB": "一括処理",
    "DEMO": "デモデータ",
}
KEYS = {
    "after": "変更後",
    "applied_on": "申し出のあった日",
    "attachment_id": "添付書類の番号",
    "audience": "だれに見せるか",
    "before": "変更前",
    "by_law": "法律で決まる日か",
    "change_id": "名簿の変更の番号",
    "channel": "受け付けた方法",
    "checked_by_id": "一人目のユーザ番号",
    "conditions": "絞り込み",
    "contract_id": "利用契約の番号",
    "contractor_id": "受託者の番号",
    "count": "件数",
    "digest": "内容のハッシュ値",
    "done": "行った件数",
    "effective_on": "有効になる日",
    "ended_on": "終わった日",
    "ends_on": "終わる日（この日は含まない）",
    "errors": "直す必要のある入力の数",
    "fields": "列",
    "files": "書類の数",
    "fiscal_year": "年度",
    "format": "形式",
    "formed_on": "契約を結んだ日",
    "from": "前の状態",
    "ground": "事由",
    "held_at": "開催日時",
    "import_id": "取込みの番号",
    "item": "項目",
    "items": "項目",
    "kid": "鍵の名前",
    "kind": "種別",
    "known_change_id": "確認した名簿の変更の番号",
    "left": "残り",
    "mandate_id": "委託の番号",
    "member_id": "会員の番号",
    "member_on": "会員となる日",
    "members": "会員の数",
    "name": "名前",
    "new": "新しい会員か",
    "new_id": "新しい申請の番号",
    "new_role": "新しい役割",
    "no": "回",
    "number": "番号",
    "objected_by": "異議を知らせたアドレス",
    "operator_code": "事業者コード",
    "outbox_id": "送信メールの番号",
    "outcome": "結果",
    "outcomes": "結果ごとの行数",
    "part": "項目",
    "persons": "操作する方",
    "place": "場所",
    "procedures": "手続き",
    "proposed_by_id": "作った方のユーザ番号",
    "purpose": "目的",
    "reason": "理由",
    "received_on": "書面の受取り",
    "record_on": "基準日",
    "recovery_codes": "消したリカバリーコードの数",
    "remarks": "指摘",
    "reminder": "再度のお願いか",
    "request_id": "申請の番号",
    "retired": "署名を終えた鍵の数",
    "revision_no": "版",
    "role": "役割",
    "roles": "役割",
    "rows": "行数",
    "saved_at": "最後の保存",
    "second_factor": "2段階認証を使ったか",
    "section": "項目",
    "sessions_ended": "終了したサインインの数",
    "sha256": "ハッシュ値（SHA-256）",
    "sheets": "シート",
    "side": "どちらの側か",
    "size": "大きさ（バイト）",
    "skipped": "反映しなかった会員の数",
    "source": "もとになった手続き",
    "stage": "申請の段階",
    "starts_on": "始まる日",
    "state": "状態",
    "step": "処理",
    "succeeded_by_id": "承継した会員の番号",
    "terms_no": "規約の版",
    "to": "後の状態",
    "told": "知らせたメールの数",
    "touches_votes": "議決権に関わるか",
    "uploaded_by_id": "ファイルを追加した方の番号",
    "user_id": "ユーザ番号",
    "valid_only": "正しい行だけを反映",
    "widened": "広げたか",
}
_CODES: dict[str, tuple[type[StrEnum], ...]] = {
    "audience": (codes.Audience,),
    "channel": (codes.Channel,),
    "from": (ApplicationState, ChangeState, AssemblyState, AccountRequestState),
    "to": (ApplicationState, ChangeState, AssemblyState, AccountRequestState),
    "state": (ApplicationState, JobState),
    "stage": (Stage,),
    "kind": (
        codes.AttachmentKind,
        codes.ConsentKind,
        codes.UserKind,
        codes.LinkPurpose,
        JobKind,
        AssemblyKind,
        AccountRequestKind,
    ),
    "purpose": (codes.LinkPurpose,),
    "outcome": (codes.SignInOutcome,),
    "role": (Role,),
    "new_role": (Role,),
    "roles": (Role,),
    "procedures": (codes.Procedure,),
    "side": (MandateSide,),
}


def subject_in_words(subject: str) -> str:
    """APPLICATION:12 → 加入申請 12; what has no word stays as it is."""
    kind, _, number = subject.partition(":")
    return f"{SUBJECTS[kind]} {number}" if kind in SUBJECTS else subject


def subject_of_words(words: str) -> str:
    """What was typed as a subject is kept: 加入申請 12 or application:12 → APPLICATION:12."""
    plain = "".join(words.split()).upper()
    for kind, word in SUBJECTS.items():
        if plain.startswith(word):
            return f"{kind}:{plain.removeprefix(word).lstrip(':：')}"
    return plain


def payload_in_words(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """The payload of an event as terms and values."""
    return [(KEYS.get(key, key), _value(key, value)) for key, value in payload.items()]


def _value(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, list):
        return "、".join(_value(key, one) for one in value)
    if isinstance(value, dict):
        return "、".join(f"{KEYS.get(name, name)}：{_value(name, one)}" for name, one in value.items())
    if key == "step":
        steps = (*JOINING.steps, *CHANGES.steps, *ACCOUNT_REQUESTS.steps)
        return next((step.label for step in steps if step.name == value), str(value))
    if key in {"section", "item"} and value in BY_KEY:
        return BY_KEY[value].title
    found = next((kind(value) for kind in _CODES.get(key, ()) if value in kind.__members__), None)
    return label(found) if found is not None else str(value)
