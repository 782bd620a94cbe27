"""Sending mail: lease in one transaction, render and send outside any, mark in another."""

import logging
import smtplib
import ssl
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app
from flask_mail import Message
from sqlalchemy.orm import Session

from occto import clock, vault
from occto.access import token_hash
from occto.domain.codes import Licence, Procedure
from occto.domain.joining import Stage
from occto.domain.mails import MAILS
from occto.domain.permissions import Role
from occto.extensions import db
from occto.labels import label
from occto.pages import site
from occto.services import links, outbox
from occto.unit_of_work import run

log = logging.getLogger("occto.delivery")
MASK = "（リンクは記録に残しません）"
SENDER_NAME = "電力広域的運営推進機関"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be sent; `body_masked` is what is kept."""

    mail_id: int
    to_address: str
    subject: str
    body: str
    body_masked: str
    message_id: str


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
    return {"to": mail.to_address, "subject": mail.subject, "body": mail.body, "message_id": mail.message_id}


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
        rendered = run(_render, mail_id)
        db.session.remove()
        way.send(rendered)
    except RefusedForGood as error:
        log.warning("mail %s refused for good: %s", mail_id, error)
        run(outbox.mark_failed, mail_id, error=str(error), permanent=True, now=clock.now())
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one mail must not stop the others
        log.warning("mail %s not sent: %s: %s", mail_id, type(error).__name__, error)
        run(outbox.mark_failed, mail_id, error=f"{type(error).__name__}: {error}", permanent=False, now=clock.now())
    else:
        run(outbox.mark_sent, mail_id, subject=rendered.subject, body_masked=rendered.body_masked, now=clock.now())


def _render(session: Session, mail_id: int) -> Rendered:
    """Fill the template in; a link is made now, so that its hours begin at delivery and no secret lies in the queue."""
    mail = outbox.leased(session, mail_id)
    carried = MAILS[mail.template]
    values: dict[str, Any] = {**mail.params, "site": site(), "to_address": mail.to_address}
    if "stage" in mail.params:
        values["stage_label"] = label(Stage(mail.params["stage"]))
    if mail.params.get("role"):  # none: the person has no role any more
        values["role_label"] = label(Role(mail.params["role"]))
    values["pending_labels"] = [label(Licence(code)) for code in mail.params.get("pending") or ()]
    values["role_labels"] = [label(Role(code)) for code in mail.params.get("roles") or ()]
    values["procedure_labels"] = [label(Procedure(code)) for code in mail.params.get("procedures") or ()]
    link = ""
    if carried is not None:
        token = vault.make_token()
        links.mint(
            session, mail, purpose=carried.purpose, token_hash=token_hash(token), hours=carried.hours, now=clock.now()
        )
        link = current_app.config["BASE_URL"] + carried.path.format(token=token)
        values["hours"] = carried.hours
    subject, body = fill(mail.template, {**values, "link": link})
    masked = body.replace(link, MASK) if link else body
    return Rendered(mail.id, mail.to_address, subject, body, masked, mail.message_id)


def fill(template: str, values: dict[str, Any]) -> tuple[str, str]:
    """Subject (one line) and body of the mail `templates/mail/<template>`, signature included."""
    environment = current_app.jinja_env
    subject = environment.get_template(f"mail/{template}/subject.txt").render(values)
    body = environment.get_template(f"mail/{template}/body.txt").render(values)
    footer = environment.get_template("mail/_footer.txt").render(values)
    return " ".join(subject.split()), body.rstrip() + "\n" + footer
