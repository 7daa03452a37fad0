"""Reads messages (a JSON list of base64 on the input) with Python's strict parser, and prints what they say."""

import base64
import email
import email.policy
import json
import sys


def read(raw):
    message = email.message_from_bytes(base64.b64decode(raw), policy=email.policy.SMTP)
    defects, parts = [], []
    for part in message.walk():
        defects += [repr(defect) for defect in part.defects]
        for name, value in part.items():
            defects += [f"{name}: {defect!r}" for defect in getattr(value, "defects", [])]
        if part.is_multipart():
            continue
        content = part.get_content()
        content = content.hex() if isinstance(content, bytes) else content.replace("\r\n", "\n").rstrip("\n")
        parts.append([part.get_content_type(), part.get_filename() or "", part["content-id"] or "", content])
    people = {
        name: [[one.display_name, one.addr_spec] for one in message[name].addresses] if message[name] else []
        for name in ("from", "to", "cc", "bcc", "reply-to")
    }
    fields = {name: str(message[name]) for name in ("subject", "x-order", "message-id")}
    return {**people, **fields, "names": sorted(set(message.keys())), "parts": sorted(parts), "defects": defects}


print(json.dumps([read(raw) for raw in json.load(sys.stdin)]))
