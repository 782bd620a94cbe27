"""変更申請: the verbs that change what is on record of a member, and its yearly confirmation."""
