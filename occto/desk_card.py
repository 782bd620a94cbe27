"""係の手引き: one page for volunteers with what to do, what each outcome means, whom to call, and a code to practise with."""

from datetime import datetime

from flask import current_app

from occto import pdf
from occto.domain.assembly import names_rehearsal
from occto.domain.tickets import PRACTICE_TOKEN
from occto.qr import svg_path

TITLE = "受付の手引き"
STEPS = (
    "来場した方に、受付票（スマートフォンの画面か印刷したもの）を見せていただきます。",
    "受付票のQRコードを読取機かカメラで読み取ります。読めないときは、受付票の番号（2041-7 のような数字）を入力します。",
    "画面の大きな文字を見ます。氏名を確かめ、表示された言葉どおりにお伝えします。",
    "受付票のない方は、「商号・氏名で探す」で探します。見つからないときは、受付責任者へご案内します。",
    "画面に「通信がありません」と出ても、続けて読み取れます。送信待ちの件数が0になるまで、受付を閉じないでください。",
)
OUTCOMES = (
    ("受付完了", "緑の丸", "そのままお通しします。事前の回答の撤回が表示されたら、ご本人に伝えます。"),
    ("受付済み", "黄の三角", "すでに受け付けた方です。再入場ならお通しし、別の方なら責任者を呼びます。"),
    ("受付できません", "赤の八角形", "お通しせず、画面の案内に従います。迷ったら責任者を呼びます。"),
)


def card_of(assembly: str, contact: str, *, now: datetime) -> bytes:
    """The page as PDF (A4). `contact`: the supervisor's name and telephone."""
    drawn = svg_path(PRACTICE_TOKEN)
    code = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.size} {drawn.size}" shape-rendering="crispEdges">'
        f'<rect width="{drawn.size}" height="{drawn.size}" fill="#fff"/><path d="{drawn.d}"/></svg>'
    )
    values = {
        "title": TITLE,
        "assembly": assembly,
        "contact": contact,
        "steps": list(STEPS),
        "outcomes": [list(row) for row in OUTCOMES],
        "code": code,
    }
    issuer = pdf.Issuer(telephone=current_app.config["CONTACT_PHONE"])
    return pdf.render(
        "desk_card",
        values,
        title=f"{TITLE} {assembly}",
        issuer=issuer,
        created_at=now,
        rehearsal=names_rehearsal(assembly),
    )
