"""記録 in words: subjects, and the keys and codes of a payload."""

from enum import StrEnum
from typing import Any

from occto.domain import codes
from occto.domain.account_requests import ACCOUNT_REQUESTS, AccountRequestKind, AccountRequestState
from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import ASSEMBLY, AssemblyKind, AssemblyState
from occto.domain.assembly_settings import AllowedProxy, BlankChoice, NoShow, QuorumBasis
from occto.domain.changes import CHANGES, ChangeState
from occto.domain.convocation import NoticeChannel, NoticeKind
from occto.domain.dated_settings import SettingName
from occto.domain.jobs import JobKind, JobState
from occto.domain.joining import JOINING, ApplicationState, Stage
from occto.domain.mandates import MandateSide
from occto.domain.permissions import Role
from occto.domain.proposals import ProposalKind
from occto.domain.reception import CheckInEnd, DeskProfile
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.resolutions import ConsentOutcome
from occto.domain.sections import BY_KEY
from occto.domain.tally import Choice, Outcome, Resolution
from occto.domain.tickets import Revocation, TicketKind
from occto.domain.votes import Group
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
    "ELECTION": "届出",
    "REPLY": "回答",
    "OBJECTION": "議決権への異議",
    "SANCTION": "権利の停止・制限",
    "SETTING": "設定",
    "PROPOSAL": "二人目の確認",
    "TICKET": "受付票",
    "DESK": "受付の端末",
    "CHECK_IN": "総会の受付",
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
    "about": "対象",
    "after": "変更後",
    "applied_on": "申し出のあった日",
    "assembly_id": "総会の番号",
    "attachment_id": "添付書類の番号",
    "attendance": "出欠",
    "audience": "だれに見せるか",
    "before": "変更前",
    "blank_choice": "賛否のない議案",
    "by_law": "法律で決まる日か",
    "chair": "議長",
    "by_post": "メールの宛先のない会員の数",
    "cases": "確認したもの",
    "change_id": "名簿の変更の番号",
    "channel": "受け付けた方法",
    "checked_by_id": "一人目のユーザ番号",
    "conditions": "絞り込み",
    "consent": "認可・承認",
    "copied": "写した回答の数",
    "contract_id": "利用契約の番号",
    "contractor_id": "受託者の番号",
    "count": "件数",
    "digest": "内容のハッシュ値",
    "done": "行った件数",
    "drawn": "取り出そうとしたキットのハッシュ値（SHA-256）",
    "effective_on": "有効になる日",
    "email": "メールアドレス",
    "ended_on": "終わった日",
    "ends_on": "終わる日（この日は含まない）",
    "errors": "直す必要のある入力の数",
    "fields": "列",
    "filed_by_id": "届け出た会員の番号",
    "files": "書類の数",
    "fiscal_year": "年度",
    "format": "形式",
    "formed_on": "契約を結んだ日",
    "former_gdus": "旧一般電気事業者にあたる会員の番号",
    "from": "前の状態",
    "from_no": "前の順番",
    "ground": "事由",
    "held_at": "開催日時",
    "holder_id": "行使する会員の番号",
    "import_id": "取込みの番号",
    "invented": "作った架空の回答の数",
    "item": "項目",
    "item_id": "議案の登録番号",
    "item_no": "議案の番号",
    "items": "項目",
    "kid": "鍵の名前",
    "kind": "種別",
    "known_change_id": "もとになった名簿の変更の番号",
    "late_facts": "基準日後判明の番号",
    "left": "残り",
    "letters": "手紙の数",
    "mails": "メールの数",
    "majority": "決議の方法",
    "mandate_id": "委託の番号",
    "max_attendees": "出席者の人数の上限",
    "member_id": "会員の番号",
    "member_on": "会員となる日",
    "members": "会員の数",
    "name": "名前",
    "new": "新しい会員か",
    "new_id": "新しい申請の番号",
    "new_role": "新しい役割",
    "no": "回",
    "notice_id": "通知の番号",
    "no_show": "来場しなかった会員の賛否",
    "notice_days": "招集通知の日数（総会の何日前か）",
    "number": "番号",
    "objected_by": "異議を知らせたアドレス",
    "on_paper": "郵送で知らせる会員の数",
    "operator_code": "事業者コード",
    "outbox_id": "送信メールの番号",
    "sent_at": "送信した日時",
    "outcome": "結果",
    "outcomes": "結果ごとの行数",
    "part": "項目",
    "policies": "議決権の分け方",
    "persons": "操作する方",
    "place": "場所",
    "posted_at": "郵送・手渡しの日時",
    "procedures": "手続き",
    "proposed_by_id": "作った方のユーザ番号",
    "proxy_chair": "議長一任",
    "proxy_member": "ほかの会員への委任",
    "proxy_person": "委任状による代理人",
    "purpose": "目的",
    "quorum_basis": "定足数の数え方",
    "quorum_source": "定足数の根拠",
    "reason": "理由",
    "received_at": "受け取った日時",
    "received_on": "書面の受取り",
    "reception_from": "受付開始",
    "record_on": "基準日",
    "recovery_codes": "消したリカバリーコードの数",
    "remarks": "指摘",
    "reminder": "再度のお願いか",
    "replaces_id": "延期した総会の番号",
    "reply_until": "回答の締切",
    "request_id": "申請の番号",
    "retired": "署名を終えた鍵の数",
    "revision_no": "版",
    "role": "役割",
    "roles": "役割",
    "root": "ハッシュ木の根",
    "rows": "行数",
    "rule_reason": "種類のとおりとしない理由",
    "saved_at": "最後の保存",
    "second_factor": "2段階認証を使ったか",
    "scope": "停止・制限する権利",
    "section": "項目",
    "sessions_ended": "終了したサインインの数",
    "shares": "割合の表",
    "sha256": "ハッシュ値（SHA-256）",
    "sheets": "シート",
    "side": "どちらの側か",
    "size": "大きさ（バイト）",
    "skipped": "反映しなかった会員の数",
    "setting": "設定の項目",
    "setting_source": "根拠",
    "setting_value": "値",
    "source": "もとになった手続き",
    "stage": "申請の段階",
    "standing": "有効な回答になったか",
    "starts_on": "始まる日",
    "state": "状態",
    "step": "処理",
    "succeeded_by_id": "承継した会員の番号",
    "summary": "議案の内容",
    "terms_no": "規約の版",
    "title": "件名",
    "to": "後の状態",
    "to_no": "後の順番",
    "told": "知らせたメールの数",
    "touches_votes": "議決権に関わるか",
    "uploaded_by_id": "ファイルを追加した方の番号",
    "user_id": "ユーザ番号",
    "votes": "議決権の総数",
    "valid_only": "正しい行だけを反映",
    "vote_group": "グループ",
    "desk_id": "受付の端末の番号",
    "desks_checked": "残りがないと確かめた端末",
    "heard_at": "最後の通信",
    "waiting": "最後の通信のときの送信待ちの件数",
    "ending": "終わり方",
    "offline": "通信のない間の受付か",
    "profile": "端末の種類",
    "replaces": "置き換えた受付票の番号",
    "note": "備考",
    "seat": "席",
    "seats": "番号と席",
    "ticket_id": "受付票の登録番号",
    "voting": "議決権を行使するか",
    "why": "事由",
    "decided_on": "認可・承認の日",
    "document_number": "文書番号",
    "words": "備考",
    "withdrawn": "撤回した事前の回答",
    "widened": "広げたか",
    "abstain": "棄権の票数",
    "against": "反対の票数",
    "amended": "修正して採決したか",
    "chair_cast": "議長一任の賛否",
    "chair_choice": "議長の決定",
    "floor_choice": "会場の賛否",
    "present": "出席した議決権",
    "quorum_met": "定足数を満たしたか",
    "yes": "賛成の票数",
}
_CODES: dict[str, tuple[type[StrEnum], ...]] = {
    "audience": (codes.Audience,),
    "attendance": (Attendance,),
    "channel": (codes.Channel, NoticeChannel, ReplyChannel),
    "from": (ApplicationState, ChangeState, AssemblyState, AccountRequestState),
    "to": (ApplicationState, ChangeState, AssemblyState, AccountRequestState),
    "state": (ApplicationState, JobState, codes.ElectionState),
    "stage": (Stage,),
    "kind": (
        codes.AttachmentKind,
        codes.ConsentKind,
        codes.UserKind,
        codes.LinkPurpose,
        JobKind,
        AssemblyKind,
        ItemKind,
        AccountRequestKind,
        ProposalKind,
        NoticeKind,
        TicketKind,
    ),
    "majority": (Resolution,),
    "consent": (Consent,),
    "quorum_basis": (QuorumBasis,),
    "blank_choice": (BlankChoice,),
    "no_show": (NoShow,),
    "setting": (SettingName,),
    "setting_value": (QuorumBasis, BlankChoice, NoShow, AllowedProxy),
    "purpose": (codes.LinkPurpose,),
    "outcome": (codes.SignInOutcome, codes.LateOutcome, codes.ElectionState, Outcome, ConsentOutcome),
    "scope": (codes.SanctionScope,),
    "vote_group": (Group,),
    "role": (Role,),
    "new_role": (Role,),
    "roles": (Role,),
    "procedures": (codes.Procedure,),
    "side": (MandateSide,),
    "ending": (CheckInEnd,),
    "profile": (DeskProfile,),
    "why": (Revocation,),
    "withdrawn": (Attendance,),
    "chair_cast": (Choice,),
    "chair_choice": (Choice,),
    "floor_choice": (Choice,),
}


def subject_in_words(subject: str) -> str:
    """APPLICATION:12 → 加入申請 12; what has no word stays as it is."""
    kind, _, number = subject.partition(":")
    if kind == "SETTING" and number in SettingName.__members__:
        number = label(SettingName(number))
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
    if key == "about":
        return subject_in_words(str(value))
    if key == "step":
        steps = (*JOINING.steps, *CHANGES.steps, *ACCOUNT_REQUESTS.steps, *ASSEMBLY.steps)
        return next((step.label for step in steps if step.name == value), str(value))
    if key in {"section", "item"} and value in BY_KEY:
        return BY_KEY[value].title
    found = next((kind(value) for kind in _CODES.get(key, ()) if value in kind.__members__), None)
    return label(found) if found is not None else str(value)
