"""Sends with django-anymail through each of its backends: anymail_sends.py BACKEND ADDRESS KEY. Prints what came back.

With RECIPIENTS behind, each gets a message of their own, with a tag and metadata, and the ids are printed.
"""

import json
import sys
from email.mime.image import MIMEImage

from django.conf import settings

backend, address, key, *recipients = sys.argv[1:]
ANYMAIL = {
    "POSTMARK_SERVER_TOKEN": key,
    "POSTMARK_API_URL": address + "/",
    "SENDGRID_API_KEY": key,
    "SENDGRID_API_URL": address + "/v3/",
    "RESEND_API_KEY": key,
    "RESEND_API_URL": address + "/",
    "BREVO_API_KEY": key,
    "BREVO_API_URL": address + "/v3/",
    "MAILJET_API_KEY": "public",
    "MAILJET_SECRET_KEY": key,
    "MAILJET_API_URL": address + "/v3.1/",
}
settings.configure(EMAIL_BACKEND=f"anymail.backends.{backend}.EmailBackend", ANYMAIL=ANYMAIL, DEFAULT_CHARSET="utf-8")

import django  # noqa: E402

django.setup()

from anymail.exceptions import AnymailError  # noqa: E402
from django.core.mail import EmailMultiAlternatives  # noqa: E402


def letter(sender):
    message = EmailMultiAlternatives(
        subject="Été à la plage ☀",
        body="Bonjour,\nà bientôt",
        from_email=sender,
        to=['"Zoë Müller" <a@dest.test>', "b@dest.test"],
        cc=["c@dest.test"],
        bcc=["d@dest.test"],
        reply_to=["Réponses <r@facteur.test>"],
        headers={"X-Order": "42"},
    )
    image = '<img src="cid:logo">' if backend != "brevo" else ""
    message.attach_alternative(f"<p>Été {image}</p>", "text/html")
    message.attach("relevé.csv", "é;1\n", "text/csv")
    if backend != "brevo":
        logo = MIMEImage(b"\x89PNG\x00\xff", "png")
        logo.add_header("Content-ID", "<logo>")
        logo.add_header("Content-Disposition", "inline", filename="logo.png")
        message.attach(logo)
    message.tags = ["summer"]
    message.metadata = {"order": "42"}
    return message


def main():
    message = letter("Été & Fils <shop@facteur.test>")
    message.send()
    status = message.anymail_status
    many = EmailMultiAlternatives("Lot", "Lot", "shop@facteur.test", ["a@dest.test", "b@dest.test"])
    if backend == "resend":
        # Their API has no gaps to fill.
        many.merge_metadata = {"a@dest.test": {"order": "1"}, "b@dest.test": {"order": "2"}}
    elif backend in ("postmark", "mailjet"):
        many.merge_metadata = {"a@dest.test": {"order": "1"}, "b@dest.test": {"order": "2"}}
    else:
        many.body = "Lot {{params.name}}" if backend == "brevo" else "Lot :name"
        many.merge_data = {"a@dest.test": {"name": "1"}, "b@dest.test": {"name": "2"}}
        many.esp_extra = {"merge_field_format": ":{}"} if backend == "sendgrid" else {}
    many.send()
    foreign = letter("foreign@elsewhere.test")
    try:
        foreign.send()
        # Mailjet's answers have a status for each recipient, which is no exception.
        refused = f"foreign@elsewhere.test {foreign.anymail_status.status} {foreign.anymail_status.esp_response.text}"
    except AnymailError as error:
        refused = str(error)
    told = {
        "status": sorted(status.status),
        "recipients": {address: [one.status, str(one.message_id)] for address, one in status.recipients.items()},
        "many": {address: one.status for address, one in many.anymail_status.recipients.items()},
        "refused": refused,
    }
    print(json.dumps(told))


def tell_ids():
    told = {}
    for recipient in recipients:
        message = EmailMultiAlternatives("Été ☀", "Bonjour", "shop@facteur.test", [recipient])
        message.tags = ["summer"]
        message.metadata = {"order": "42", "for": recipient}
        message.send()
        told[recipient] = str(message.anymail_status.message_id)
    print(json.dumps(told))


tell_ids() if recipients else main()
