"""VERBS of mandates (利用規約 2.3): proposed or started, accepted, changed, ended; persons of contractors; daily work."""
