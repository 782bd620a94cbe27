"""ユーザ管理 (利用規約 3.2): a company's persons, by its 管理者, by a contractor with that scope, or by the office.

`inviting`: new persons · `standing`: role, stop, end · `record`: name, title, telephone · `addresses`: the ログインID.
"""
