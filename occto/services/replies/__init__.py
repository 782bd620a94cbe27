"""出欠・議決権の回答: the verbs that take replies, keep drafts and publish the list of receipts."""
