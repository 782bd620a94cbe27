"""Inputs of how an assembly divides its votes among the units of each group."""

from occto.domain.assembly_settings import POLICY_LABELS, VotePolicy
from occto.domain.text import InputError
from occto.domain.votes import Group, group_title
from occto.forms.base import BaseForm
from occto.forms.choices import ChoiceField
from occto.forms.fields import TextField
from occto.forms.validators import Required

MOST_SIGNS = 100_000
_HINTS = {
    VotePolicy.EQUAL.value: "みなし会員に、同じ数ずつ分けます。",
    VotePolicy.MANUAL.value: "下の表の割合で分けます。",
    VotePolicy.FORMER_GDU_THIRD.value: "下に挙げた会員が、3つのグループを合わせて総数の3分の1を持つように分けます。",
}


class TableField(TextField):
    """Lines with a code and a share; what stands in them is read by `domain/share_lines`."""

    def parse(self, text: str) -> str:
        if len(text) > MOST_SIGNS:
            raise InputError(f"一度に入れられるのは {MOST_SIGNS:,} 文字までです。")
        return text


def _policy(group: Group) -> ChoiceField:
    offered = [
        (policy.value, words)
        for policy, words in POLICY_LABELS.items()
        for policy in (VotePolicy(policy),)
        if group is Group.N or policy is not VotePolicy.FORMER_GDU_THIRD
    ]
    return ChoiceField(f"{group_title(group)}の分け方", [Required()], choices=offered, choice_hints=_HINTS)


def _table(group: Group) -> TableField:
    return TableField(
        f"{group_title(group)}の割合の表",
        rows=4,
        hint="「個別の割合」のときに入力してください。1行に1社、事業者コードと割合をカンマかタブで区切ります（例：01234,1/3）。"
        "資本関係のある会社は、そのうちの1社だけを入れてください。割合の合計は 1 になるようにしてください。",
    )


class VotePoliciesForm(BaseForm):
    """The policy of each group with what it needs."""

    policy_N = _policy(Group.N)  # noqa: N815 - by the code of the group
    shares_N = _table(Group.N)  # noqa: N815
    former_gdus = TableField(
        "旧一般電気事業者にあたる会員",
        rows=4,
        hint="「旧一般電気事業者 3分の1」のときに、事業者コードを入力してください。1行に1社です。",
    )
    policy_R = _policy(Group.R)  # noqa: N815
    shares_R = _table(Group.R)  # noqa: N815
    policy_G = _policy(Group.G)  # noqa: N815
    shares_G = _table(Group.G)  # noqa: N815
    reason = TextField(
        "根拠", [Required()], max_length=2000, rows=3, hint="定款や業務規程の条項、理事会の決定など。記録に残ります。"
    )
