"""Japanese titles of codes and columns: forms, admin, differences, mails and exports all ask here."""

from datetime import date
from enum import StrEnum

from occto.domain import codes
from occto.domain.account_requests import KIND_LABELS as ACCOUNT_KINDS
from occto.domain.account_requests import LABELS as ACCOUNT_STATES
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.agenda import CONSENT_LABELS, MAJORITY_LABELS, Consent, ItemKind
from occto.domain.agenda import LABELS as ITEM_KINDS
from occto.domain.assembly import KIND_LABELS as ASSEMBLY_KINDS
from occto.domain.assembly import LABELS as ASSEMBLY_STATES
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.assembly_settings import (
    ALLOWED_PROXY_LABELS,
    BLANK_LABELS,
    NO_SHOW_LABELS,
    POLICY_LABELS,
    QUORUM_LABELS,
    AllowedProxy,
    BlankChoice,
    NoShow,
    QuorumBasis,
    VotePolicy,
)
from occto.domain.changes import LABELS as CHANGE_STATES
from occto.domain.changes import ChangeState
from occto.domain.convocation import CHANNEL_LABELS as NOTICE_CHANNELS
from occto.domain.convocation import KIND_LABELS as NOTICE_KINDS
from occto.domain.convocation import LABELS as CONVOCATION_STATES
from occto.domain.convocation import TIMING_LABELS as NOTICE_TIMINGS
from occto.domain.convocation import ConvocationState, NoticeChannel, NoticeKind, NoticeState, NoticeTiming
from occto.domain.dated_settings import DATED, SettingName
from occto.domain.dates import format_date
from occto.domain.freezing import LABELS as CASE_KINDS
from occto.domain.freezing import CaseKind
from occto.domain.importing import IMPORT_STATES, ROW_OUTCOMES, SHEETS, ImportState, RowOutcome, SheetKind
from occto.domain.invitations import LABELS as INVITATION_STATES
from occto.domain.invitations import InvitationState
from occto.domain.jobs import LABELS as JOB_WORDS
from occto.domain.joining import LABELS as APPLICATION_STATES
from occto.domain.joining import ApplicationState, Stage
from occto.domain.mandates import LABELS as MANDATE_STATES
from occto.domain.mandates import SIDES, MandateSide
from occto.domain.permissions import Role
from occto.domain.profile import Item, Kind
from occto.domain.proposals import LABELS as PROPOSAL_KINDS
from occto.domain.proposals import ProposalKind
from occto.domain.reception import (
    END_LABELS,
    PROFILE_LABELS,
    WAY_LABELS,
    CheckInEnd,
    DeskProfile,
    ScanOutcome,
    ScanWay,
)
from occto.domain.reception import (
    OUTCOME_LABELS as SCAN_OUTCOMES,
)
from occto.domain.recipients import LABELS as RECIPIENTS
from occto.domain.recipients import RecipientKind
from occto.domain.replies import CHANNEL_LABELS as REPLY_CHANNELS
from occto.domain.replies import LABELS as ATTENDANCES
from occto.domain.replies import PROXY_LABELS, Attendance, ProxyKind, ReplyChannel
from occto.domain.resolutions import CONSENT_OUTCOME_LABELS, VOTE_CHANNEL_LABELS, ConsentOutcome, VoteChannel
from occto.domain.tally import CHOICE_LABELS, OUTCOME_LABELS, Choice, Outcome, Resolution
from occto.domain.tickets import KIND_LABELS as TICKET_KINDS
from occto.domain.tickets import REVOCATION_LABELS, Revocation, TicketKind
from occto.domain.users import LABELS as STANDINGS
from occto.domain.users import Standing
from occto.domain.votes import GROUP_LABELS, Group

_LABELS: dict[type[StrEnum], dict[str, str]] = {
    ApplicationState: APPLICATION_STATES,
    Stage: {"PROVISIONAL": "加入仮申請", "MAIN": "加入本申請"},
    codes.Licence: {
        "RETAIL": "小売電気事業者",
        "GTD": "一般送配電事業者",
        "TRANS": "送電事業者",
        "DIST": "配電事業者",
        "SPTD": "特定送配電事業者",
        "RSPTD": "登録特定送配電事業者",
        "GEN": "発電事業者",
        "AGG": "特定卸供給事業者",
    },
    codes.Act: {"REGISTRATION": "登録", "PERMISSION": "許可", "NOTIFICATION": "届出"},
    codes.EndReason: {
        "REVOCATION": "取消し",
        "CLOSURE_PERMISSION": "廃止許可",
        "CLOSURE_NOTIFICATION": "廃止届出",
        "SUCCESSION": "承継",
    },
    codes.ActStatus: {"ACT": "手続きが済んでいる", "PENDING": "申請中"},
    codes.ControlBasis: {"MAJORITY": "議決権の過半数", "SUBSTANCE": "実質支配"},
    codes.Relation: {"PARENT": "親法人等", "SUBSIDIARY": "子法人等"},
    codes.Holding: {"DIRECT": "直接", "INDIRECT": "間接"},
    codes.LegalForm: {
        "KK": "株式会社",
        "GK": "合同会社",
        "GOMEI": "合名会社",
        "GOSHI": "合資会社",
        "YK": "特例有限会社",
        "COOPERATIVE": "協同組合",
        "FOUNDATION": "財団法人",
        "ASSOCIATION": "社団法人",
        "MUNICIPALITY": "地方公共団体",
        "FOREIGN": "外国会社",
        "OTHER": "その他",
    },
    codes.Entrant: {"COMPANY": "会社の役員または職員", "CONTRACTOR": "会社から委託を受けた方"},
    codes.Channel: {"ONLINE": "オンライン", "PAPER": "書面", "STAFF": "当機関の入力"},
    codes.AttachmentKind: {
        "REGISTRY": "登記事項証明書",
        "METI_ACT": "経済産業省の通知の写し",
        "CAPITAL_CHART": "資本関係図",
        "SHARE_REGISTER": "株主名簿など",
        "MANDATE_LETTER": "委任状",
        "PAPER_SCAN": "申請書の写し（スキャン）",
        "OFFICE_DECISION": "当機関の決裁文書",
        "IDENTITY": "管理者の指定を証明する書類",
        "WORKBOOK": "取込みのファイル",
        "ASSEMBLY_FILE": "総会の資料",
        "REPLY_PAPER": "回答書・委任状の写し（スキャン）",
        "ELECTION": "届出書の写し（スキャン）",
        "SANCTION": "権利の停止・制限の決定文書",
        "OTHER": "その他",
    },
    codes.ScanState: {"NOT_CONFIGURED": "検査なし", "CLEAN": "検査済み", "REFUSED": "検査で拒否"},
    codes.UserKind: {"MEMBER": "会員のユーザ", "CONTRACTOR": "受託者のユーザ", "STAFF": "広域機関職員", "GUEST": "ゲスト"},
    codes.UserState: {"INVITED": "招待中", "ACTIVE": "利用中", "STOPPED": "停止中", "CLOSED": "終了"},
    Standing: STANDINGS,
    codes.MemberState: {"COMING": "加入予定", "MEMBER": "会員", "LEFT": "退会"},
    codes.MailState: {
        "PENDING": "送信待ち",
        "LEASED": "送信中",
        "SENT": "送信済み",
        "FAILED": "不達",
        "UNCERTAIN": "送信結果不明",
        "BOUNCED": "不達（宛先で拒否）",
        "SUPPRESSED": "送信しない",
    },
    codes.ConsentKind: {"EXPLICIT": "同意ボタン", "DEEMED": "サインインによるみなし同意", "PAPER": "書面での同意"},
    codes.FormedBy: {"CLICK": "同意ボタン", "DEEMED": "みなし同意", "PAPER": "書面"},
    codes.Declaration: {
        "NO_ANTISOCIAL_FORCES": "反社会的勢力でないことの表明",
        "PROVISION_TO_STATE": "国の機関への情報提供の同意",
    },
    codes.Audience: {"PARTY": "申請者に見せる", "STAFF": "職員だけ"},
    codes.Turn: {"FIRST": "一人目", "SECOND": "二人目"},
    codes.SubjectKind: {
        "APPLICATION": "加入申請",
        "CHANGE": "変更申請",
        "MEMBER": "会員",
        "USER": "ユーザ",
        "ACCOUNT": "管理者の申請",
        "MANDATE": "委託",
        "IMPORT": "取込み",
    },
    codes.ChangeSource: {
        "APPLICATION": "加入申請",
        "CHANGE": "変更申請",
        "IMMEDIATE": "すぐに反映される変更",
        "ROSTER": "名簿番号の変更",
        "IMPORT": "取込み",
        "SANCTION": "権利の停止・制限",
        "DEMO": "初期データ",
    },
    ChangeState: CHANGE_STATES,
    **JOB_WORDS,
    codes.ChangeAct: {"SET": "変更", "ADD": "追加", "END": "終了", "CORRECT": "訂正", "VOID": "取消し"},
    codes.Verdict: {"FINE": "問題なし", "REMARK": "指摘"},
    codes.ProposalState: {"PROPOSED": "承認待ち", "APPLIED": "反映済み", "DROPPED": "取りやめ"},
    codes.LateOutcome: {
        "REFREEZE": "確定をやり直す",
        "KEEP": "そのままとする",
        "POSTPONE": "延期する",
        "INCLUDED": "確定に含めた",
    },
    codes.MandateState: MANDATE_STATES,
    MandateSide: SIDES,
    codes.Procedure: {"VIEW": "閲覧", "CHANGES": "変更申請", "USERS": "ユーザ管理", "ASSEMBLY_REPLY": "総会回答"},
    AccountRequestKind: ACCOUNT_KINDS,
    AccountRequestState: ACCOUNT_STATES,
    InvitationState: INVITATION_STATES,
    ImportState: IMPORT_STATES,
    SheetKind: SHEETS,
    RowOutcome: ROW_OUTCOMES,
    codes.SanctionScope: {"VOTES": "議決権", "OTHER": "議決権以外の権利"},
    codes.ElectionState: {"UNSETTLED": "要確認", "EFFECTIVE": "有効", "REFUSED": "用いない", "WITHDRAWN": "取下げ"},
    codes.SnapshotState: {"DRAFT": "集計（案）", "FROZEN": "確定", "SUPERSEDED": "確定し直す前"},
    ProposalKind: PROPOSAL_KINDS,
    CaseKind: CASE_KINDS,
    ItemKind: ITEM_KINDS,
    Consent: CONSENT_LABELS,
    Resolution: MAJORITY_LABELS,
    Choice: {str(choice): words for choice, words in CHOICE_LABELS.items()},
    Outcome: {str(outcome): words for outcome, words in OUTCOME_LABELS.items()},
    Group: {str(group): words for group, words in GROUP_LABELS.items()},
    QuorumBasis: QUORUM_LABELS,
    AllowedProxy: ALLOWED_PROXY_LABELS,
    NoShow: NO_SHOW_LABELS,
    SettingName: {name.value: one.title for name, one in DATED.items()},
    VotePolicy: POLICY_LABELS,
    BlankChoice: BLANK_LABELS,
    Attendance: ATTENDANCES,
    ReplyChannel: REPLY_CHANNELS,
    ProxyKind: PROXY_LABELS,
    NoticeChannel: NOTICE_CHANNELS,
    NoticeKind: NOTICE_KINDS,
    NoticeState: {"DRAFT": "下書き", "SENT": "送付済み"},
    ConvocationState: CONVOCATION_STATES,
    NoticeTiming: NOTICE_TIMINGS,
    RecipientKind: RECIPIENTS,
    TicketKind: TICKET_KINDS,
    Revocation: REVOCATION_LABELS,
    DeskProfile: PROFILE_LABELS,
    ScanWay: WAY_LABELS,
    ScanOutcome: SCAN_OUTCOMES,
    CheckInEnd: END_LABELS,
    VoteChannel: VOTE_CHANNEL_LABELS,
    ConsentOutcome: CONSENT_OUTCOME_LABELS,
    AssemblyKind: ASSEMBLY_KINDS,
    AssemblyState: ASSEMBLY_STATES,
    codes.LinkPurpose: {
        "APPLY": "申請",
        "SET_PASSWORD": "パスワード設定",
        "CONFIRM_APPLICATION": "申請内容の確認",
        "CONFIRM_EMAIL": "メールアドレスの確認",
        "REPORT_LOSS": "紛失の届出",
        "ACCOUNT_REQUEST": "管理者の申請・2段階認証の復旧",
        "OBJECT": "申請への異議",
    },
    codes.SignInOutcome: {
        "PASSED": "成功",
        "BAD_PASSWORD": "パスワード相違",
        "BAD_CODE": "確認コード相違",
        "THROTTLED": "回数制限",
        "LINK_REQUESTED": "リンクの請求",
    },
    Role: {
        "APPLICANT": "申請者",
        "ADMINISTRATOR": "管理者",
        "APPLICATIONS": "申請担当",
        "ASSEMBLY": "総会回答担当",
        "VIEWER": "閲覧",
        "CONTRACTOR": "受託者",
        "GUEST": "ゲスト",
        "OPERATOR": "審査担当",
        "APPROVER": "承認者",
        "SYSTEM": "システム管理者",
        "RECEPTION": "受付責任者",
    },
}  # fmt: skip


def label(code: StrEnum | None) -> str:
    """The Japanese word for a code; empty for None. KeyError for a kind of code without words."""
    return "" if code is None else _LABELS[type(code)][code.value]


def choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """(value, label) of every code of a kind, in the order of declaration."""
    return [(member.value, _LABELS[kind][member.value]) for member in kind]


def kinds() -> list[type[StrEnum]]:
    """Every kind of code that has words."""
    return list(_LABELS)


_VALUE_LABELS = {"legal_form": codes.LegalForm, "licences": codes.Licence}


def show(item: Item, value: object) -> str:
    """A clean value of `item` as a person reads it; empty where there is none. Licences are parted by 、."""
    if value is None or value == "" or value == []:
        return ""
    if item.kind is Kind.YEN and isinstance(value, int):
        return f"{value:,} 円"
    if item.kind is Kind.POSTAL_CODE:
        return f"〒{value}"
    if item.kind is Kind.MONTH:
        return f"{value}月"
    if item.kind is Kind.DATE and isinstance(value, str):
        return format_date(date.fromisoformat(value))
    if item.key in _VALUE_LABELS:
        kind = _VALUE_LABELS[item.key]
        values = value if isinstance(value, list) else [value]
        return "、".join(label(kind(str(each))) for each in values)
    return str(value)
