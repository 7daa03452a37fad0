"""Receives webhooks with django-anymail: anymail_hears.py. Prints its port, then what it made of each event, as lines of JSON.

The path is the name of the service. Each is trusted by the user name and password of the address, as its documentation
asks for.
"""

import json
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer

from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], DEFAULT_CHARSET="utf-8", ANYMAIL={"WEBHOOK_SECRET": "me:secret"})

import django  # noqa: E402

django.setup()
# It says of one of the five services that its own people support it no more.
warnings.simplefilter("ignore")

from anymail.signals import tracking  # noqa: E402
from anymail.webhooks.brevo import BrevoTrackingWebhookView  # noqa: E402
from anymail.webhooks.mailjet import MailjetTrackingWebhookView  # noqa: E402
from anymail.webhooks.postmark import PostmarkTrackingWebhookView  # noqa: E402
from anymail.webhooks.resend import ResendTrackingWebhookView  # noqa: E402
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView  # noqa: E402
from django.test import RequestFactory  # noqa: E402

VIEWS = {
    "brevo": BrevoTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
    "sendgrid": SendGridTrackingWebhookView,
}


def hear(sender, event, esp_name, **kwargs):
    fields = ["event_type", "recipient", "message_id", "event_id", "reject_reason", "tags", "metadata", "mta_response"]
    line = {field: getattr(event, field) for field in fields}
    raw = event.esp_event
    line["subject"] = raw.get("subject", raw.get("Subject", raw.get("data", {}).get("subject")))
    line["at"] = event.timestamp.timestamp()
    print(json.dumps(line), flush=True)


tracking.connect(hear, weak=False)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in self.headers.items()}
        request = RequestFactory().post(self.path, data=body, content_type="application/json", **fields)
        try:
            status = VIEWS[self.path.strip("/")].as_view()(request).status_code
        except Exception as error:
            print(json.dumps({"trouble": repr(error), "body": body.decode()}), flush=True)
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
