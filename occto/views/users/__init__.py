"""ユーザ管理: a company's own persons (利用規約 3.2). The ids of other companies' persons are not found, by any route."""

from occto.views.users import inviting, person, standing
from occto.views.users.blueprint import pages

__all__ = ["inviting", "pages", "person", "standing"]
