"""Sending mail: lease in one transaction, render and send outside any, mark in another."""

import logging
import smtplib
import ssl
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app
from flask_mail import Message
from sqlalchemy.orm import Session

from occto import clock, pdf, ticket_paper, vault
from occto.access import token_hash
from occto.domain.codes import Licence, Procedure
from occto.domain.joining import Stage
from occto.domain.mails import MAILS, MailedLink, TicketLink
from occto.domain.permissions import Role
from occto.extensions import db
from occto.labels import label
from occto.notice_mail import words_of
from occto.pages import filesize, site
from occto.queries.queued import Queued, queued
from occto.queries.replies import Meeting
from occto.queries.tickets_shown import ShownTicket
from occto.services import links, outbox
from occto.unit_of_work import run

log = logging.getLogger("occto.delivery")
MASK = "（リンクは記録に残しません）"
SENDER_NAME = "電力広域的運営推進機関"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a mail brings; made at delivery and kept nowhere."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be sent; `body_masked` is what is kept."""

    mail_id: int
    to_address: str
    subject: str
    body: str
    body_masked: str
    message_id: str
    attached: tuple[Attached, ...] = ()


class NoLongerGood(Exception):  # noqa: N818 - what became of it while the mail waited
    """What the mail would bring is not good any more: it is not sent."""


class RefusedForGood(Exception):  # noqa: N818 - what the server said
    """The receiving server will not take this mail, however often it is tried."""


class Transport(Protocol):
    """Hands a mail over. Raises RefusedForGood, or any other exception where it may be tried again."""

    def send(self, mail: Rendered) -> None: ...


class SmtpTransport:
    """A mail server, with a limit on every wait: a slow one delays the queue, never a page."""

    def send(self, mail: Rendered) -> None:
        config = current_app.config
        sender = config["MAIL_SENDER"]
        message = Message(
            subject=mail.subject,
            recipients=[mail.to_address],
            body=mail.body,
            sender=(SENDER_NAME, sender),
            charset="utf-8",
        )
        for one in mail.attached:
            message.attach(one.name, one.media_type, one.content)
        message.msgId = f"<{mail.message_id}@{sender.partition('@')[2]}>"
        message.extra_headers = {"Auto-Submitted": "auto-generated"}
        try:
            with smtplib.SMTP(config["MAIL_SERVER"], config["MAIL_PORT"], timeout=config["MAIL_TIMEOUT"]) as server:
                if config["MAIL_USE_TLS"]:
                    server.starttls(context=ssl.create_default_context())
                if config["MAIL_USERNAME"]:
                    server.login(config["MAIL_USERNAME"], config["MAIL_PASSWORD"] or "")
                server.sendmail(sender, [mail.to_address], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            if code >= 500:
                raise RefusedForGood(f"{code} {words.decode('utf-8', 'replace')}") from error
            raise
        except smtplib.SMTPDataError as error:
            if 500 <= error.smtp_code < 600:
                raise RefusedForGood(f"{error.smtp_code} {error.smtp_error!r}") from error
            raise


class MailboxTransport:
    """The demo's mailbox; a mail sent twice under one Message-ID is there once."""

    def send(self, mail: Rendered) -> None:
        run(outbox.keep_in_demo_mailbox, **_fields(mail), now=clock.now())


def _fields(mail: Rendered) -> dict[str, str]:
    """What the demo's mailbox keeps; of files that the mail brings, their names."""
    files = "".join(f"\n添付ファイル：{one.name}（{filesize(len(one.content))}）" for one in mail.attached)
    body = mail.body + files + "\n" if files else mail.body
    return {"to": mail.to_address, "subject": mail.subject, "body": body, "message_id": mail.message_id}


def transport() -> Transport | None:
    """The way out that the configuration names; None where none does: mails wait."""
    if current_app.config["MAIL_SERVER"]:
        return SmtpTransport()
    return MailboxTransport() if current_app.config["DEMO"] else None


def deliver_due(*, limit: int = 20) -> int:
    """Send what is due, one after the other; return how many were taken up."""
    way = transport()
    if way is None:
        return 0
    taken = run(outbox.claim, now=clock.now(), limit=limit)
    for mail_id in taken:
        _deliver(way, mail_id)
    return len(taken)


def _deliver(way: Transport, mail_id: int) -> None:
    try:
        rendered = _render(mail_id)
        way.send(rendered)
    except NoLongerGood as reason:
        run(outbox.mark_suppressed, mail_id, why=str(reason), now=clock.now())
    except RefusedForGood as error:
        log.warning("mail %s refused for good: %s", mail_id, error)
        run(outbox.mark_failed, mail_id, error=str(error), permanent=True, now=clock.now())
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one mail must not stop the others
        log.warning("mail %s not sent: %s: %s", mail_id, type(error).__name__, error)
        run(outbox.mark_failed, mail_id, error=f"{type(error).__name__}: {error}", permanent=False, now=clock.now())
    else:
        run(outbox.mark_sent, mail_id, subject=rendered.subject, body_masked=rendered.body_masked, now=clock.now())


def _render(mail_id: int) -> Rendered:
    """Read the mail that this worker has leased, and fill the template in once no transaction is open any more."""
    session = db.session()
    leased = queued(session, mail_id)
    values = _values(session, leased)
    carried = MAILS[leased.template]
    brought = ticket_paper.on_record(session, leased.params["ticket_id"]) if isinstance(carried, TicketLink) else None
    db.session.remove()
    link, attached = "", tuple[Attached, ...]()
    if isinstance(carried, TicketLink):
        link, attached = _ticket(brought, carried)
    elif carried is not None:
        link = run(_new_link, mail_id)
    subject, body = fill(leased.template, {**values, "link": link})
    masked = body.replace(link, MASK) if link else body
    return Rendered(mail_id, leased.to_address, subject, body, masked, leased.message_id, attached)


def _ticket(brought: tuple[ShownTicket, Meeting] | None, carried: TicketLink) -> tuple[str, tuple[Attached, ...]]:
    """Link and A4 page of a ticket. NoLongerGood where it was revoked, or its assembly called off, while the mail waited."""
    now = clock.now()
    made = ticket_paper.paper(*brought, now=now) if brought is not None else None
    if made is None or made.qr is None:
        raise NoLongerGood("受付票が使えなくなったため、送信しませんでした。")
    content = ticket_paper.as_pdf(made, telephone=site().contact_phone, now=now)
    page = Attached(f"{made.file_name}.pdf", pdf.MIMETYPE, content)
    return ticket_paper.link_of(made.ticket, carried.path), (page,)


def _new_link(session: Session, mail_id: int) -> str:
    """The link that the mail carries, made now: its hours begin at delivery, and no secret lies in the queue."""
    mail = outbox.leased(session, mail_id)
    carried = MAILS[mail.template]
    assert isinstance(carried, MailedLink), "only these are minted"
    token = vault.make_token()
    links.mint(
        session, mail, purpose=carried.purpose, token_hash=token_hash(token), hours=carried.hours, now=clock.now()
    )
    return current_app.config["BASE_URL"] + carried.path.format(token=token)


def _values(session: Session, mail: Queued) -> dict[str, Any]:
    """What the template is filled in with, but for the link."""
    values: dict[str, Any] = {**mail.params, "site": site(), "to_address": mail.to_address}
    if "stage" in mail.params:
        values["stage_label"] = label(Stage(mail.params["stage"]))
    if mail.params.get("role"):  # none: the person has no role any more
        values["role_label"] = label(Role(mail.params["role"]))
    values["pending_labels"] = [label(Licence(code)) for code in mail.params.get("pending") or ()]
    values["role_labels"] = [label(Role(code)) for code in mail.params.get("roles") or ()]
    values["procedure_labels"] = [label(Procedure(code)) for code in mail.params.get("procedures") or ()]
    if "notice_id" in mail.params:
        values |= words_of(session, mail.params)
    carried = MAILS[mail.template]
    return {**values, "hours": carried.hours} if isinstance(carried, MailedLink) else values


def fill(template: str, values: dict[str, Any]) -> tuple[str, str]:
    """Subject (one line) and body of the mail `templates/mail/<template>`, signature included."""
    environment = current_app.jinja_env
    subject = environment.get_template(f"mail/{template}/subject.txt").render(values)
    body = environment.get_template(f"mail/{template}/body.txt").render(values)
    footer = environment.get_template("mail/_footer.txt").render(values)
    return " ".join(subject.split()), body.rstrip() + "\n" + footer
