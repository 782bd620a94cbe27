"""The demo accounts that stay the same from run to run. Invented, printed by `make run`, never made in production."""

from dataclasses import dataclass

from occto.domain.codes import UserKind
from occto.domain.permissions import Role

PASSWORD = "shiokaze-to-denki"  # noqa: S105 - the demo's own, printed on purpose
"""The password of every demo user, one word for all."""
SHARED_SECRET = "OCCTODEMO" * 3 + "SHARE"
"""The second factor's secret of every other administrator of the demo, base32."""
STAFF_DOMAIN = "occto.example.jp"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account: `login` is its address, `secret` (base32) its second factor, None where it has none.

    `company` is the index of the demo company that it belongs to, None for staff and for a contractor's person.
    """

    login: str
    who: str
    kind: UserKind
    role: Role
    name: str
    kana: str
    title: str
    secret: str | None
    company: int | None = None


def _secret(word: str) -> str:
    """A second factor's secret of 160 bits out of a word of base32 letters."""
    return (word * 32)[:32]


ACCOUNTS = (
    DemoAccount(
        "admin@shiomi.example.jp",
        "会員の管理者",
        UserKind.MEMBER,
        Role.ADMINISTRATOR,
        "汐見 陽子",
        "シオミ　ヨウコ",
        "総務部 総務課 課長",
        _secret("SHIOMIADMIN"),
        company=0,
    ),
    DemoAccount(
        "user@shiomi.example.jp",
        "会員のユーザ（申請担当、2段階認証なし）",
        UserKind.MEMBER,
        Role.APPLICATIONS,
        "髙田 健太",
        "タカダ　ケンタ",
        "総務部 総務課 主任",
        None,
        company=0,
    ),
    DemoAccount(
        "viewer@shiomi.example.jp",
        "会員の閲覧だけのユーザ（2段階認証なし）",
        UserKind.MEMBER,
        Role.VIEWER,
        "潮 みのり",
        "ウシオ　ミノリ",
        "経営企画部 係員",
        None,
        company=0,
    ),
    DemoAccount(
        "manager@hamakaze.example.jp",
        "複数の会員を受け持つ管理者",
        UserKind.MEMBER,
        Role.ADMINISTRATOR,
        "浜野 直樹",
        "ハマノ　ナオキ",
        "アセットマネジメント部 部長",
        _secret("HAMAKAZE"),
        company=4,
    ),
    DemoAccount(
        "tantou@minato-support.example.jp",
        "受託者の方（2社から受託、2段階認証なし）",
        UserKind.CONTRACTOR,
        Role.CONTRACTOR,
        "湊 さやか",
        "ミナト　サヤカ",
        "受託業務部",
        None,
    ),
    DemoAccount(
        f"operator@{STAFF_DOMAIN}",
        "審査担当（職員）",
        UserKind.STAFF,
        Role.OPERATOR,
        "総務 恵",
        "ソウム　メグミ",
        "総務部 総務グループ",
        _secret("OPERATOR"),
    ),
    DemoAccount(
        f"approver1@{STAFF_DOMAIN}",
        "承認者（職員）",
        UserKind.STAFF,
        Role.APPROVER,
        "承山 隆",
        "ツギヤマ　タカシ",
        "総務部 総務グループ マネージャー",
        _secret("APPROVERONE"),
    ),
    DemoAccount(
        f"approver2@{STAFF_DOMAIN}",
        "二人目の承認者（職員）",
        UserKind.STAFF,
        Role.APPROVER,
        "認田 智子",
        "ミトメダ　トモコ",
        "総務部 部長",
        _secret("APPROVERTWO"),
    ),
    DemoAccount(
        f"system@{STAFF_DOMAIN}",
        "システム管理者（職員）",
        UserKind.STAFF,
        Role.SYSTEM,
        "情野 誠",
        "セイノ　マコト",
        "情報システム室",
        _secret("SYSTEM"),
    ),
    DemoAccount(
        f"reception@{STAFF_DOMAIN}",
        "受付責任者（職員）",
        UserKind.STAFF,
        Role.RECEPTION,
        "受川 さくら",
        "ウケガワ　サクラ",
        "総務部 総務グループ 受付担当",
        _secret("RECEPTION"),
    ),
)
"""In the order in which they are shown."""


def accounts_table() -> str:
    """The accounts as lines of text with the password: who, login and whether a code is asked for."""
    lines = [f"パスワード（すべて共通）: {PASSWORD}", ""]
    for account in ACCOUNTS:
        factor = "確認コードが必要" if account.secret else "確認コードは不要"
        lines.append(f"  {account.login:<30} {account.who}  {factor}")
    lines += [
        "",
        "確認コードは /dev/codes の画面か、次のコマンドで表示できます。",
        "  flask --app app occto demo-code <ログインID>",
    ]
    return "\n".join(lines)
