"""Figures of the terms and of the procedures, each with its source: a change of one is a new release with its decision.

What two of the staff may change from a day on stands in `dated_settings.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegalSetting:
    """A setting of legal weight: its `value` and where it comes from."""

    name: str
    title: str
    value: int | str
    unit: str
    source: str


PROVISIONAL_EXPIRY_YEARS = 1
DRAFT_DAYS = 90
DRAFT_REMINDER_DAYS = 76
APPLY_URL_HOURS = 72
SET_PASSWORD_HOURS = 168
CONFIRM_HOURS = 168
ACCOUNT_LINK_HOURS = 24
OBJECT_HOURS = 336
CONFIRM_EMAIL_HOURS = 24
TERMS_NOTICE_DAYS = 30
OPERATOR_CODE_PATTERN = "[0-9]{5}"
REVIEW_BUSINESS_DAYS = 5
CONFIRM_RECORD_MONTHS = 12

LEGAL_SETTINGS = (
    LegalSetting("provisional_expiry", "仮申請から本申請までの期間", PROVISIONAL_EXPIRY_YEARS, "年", "利用規約 2.7.2④"),
    LegalSetting("draft_days", "提出されない下書きの保存日数", DRAFT_DAYS, "日", "当機関の定め"),
    LegalSetting("apply_url_ttl", "申請用リンクの有効時間", APPLY_URL_HOURS, "時間", "当機関の定め"),
    LegalSetting("set_password_ttl", "パスワード設定用リンクの有効時間", SET_PASSWORD_HOURS, "時間", "当機関の定め"),
    LegalSetting("account_link_ttl", "管理者の申請用リンクの有効時間", ACCOUNT_LINK_HOURS, "時間", "当機関の定め"),
    LegalSetting("object_ttl", "申請への異議のリンクの有効時間", OBJECT_HOURS, "時間", "当機関の定め"),
    LegalSetting(
        "confirm_email_ttl", "メールアドレス確認用リンクの有効時間", CONFIRM_EMAIL_HOURS, "時間", "当機関の定め"
    ),
    LegalSetting("terms_notice_days", "利用規約の変更を連絡する期限", TERMS_NOTICE_DAYS, "日", "利用規約 1.3.3"),
    LegalSetting("operator_code_pattern", "事業者コードの形", OPERATOR_CODE_PATTERN, "", "当機関の定め"),
    LegalSetting(
        "confirm_record", "登録内容を会員に確認していただく間隔", CONFIRM_RECORD_MONTHS, "か月", "当機関の定め"
    ),
    LegalSetting("review_days", "審査の目安", REVIEW_BUSINESS_DAYS, "営業日", "当機関の定め"),
)
