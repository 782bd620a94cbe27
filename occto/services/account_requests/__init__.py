"""管理者の申請・変更 and the recovery of a lost second factor: filed, matched, confirmed by call-back, decided by OCCTO."""
