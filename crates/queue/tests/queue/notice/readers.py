"""Reads a directory of notices with Python's email package and with flufl.bounce: every one must say what its .json expects."""

import json
import sys
from email import message_from_bytes, policy
from pathlib import Path

from flufl.bounce import all_failures


def defects(part):
    return [part.defects] + [defects(inner) for inner in part.iter_parts()] if part.is_multipart() else [part.defects]


def flat(lists):
    return [one for item in lists for one in (flat(item) if isinstance(item, list) else [item])]


def check_by_email(raw, expected):
    message = message_from_bytes(raw, policy=policy.default)
    assert not flat(defects(message)), flat(defects(message))
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["auto-submitted"] == "auto-replied"
    assert message["content-language"] == expected["language"]
    assert "\n" not in message["subject"] and "=?" not in message["subject"], message["subject"]
    text, report, original = message.iter_parts()
    first = text.get_content().split("\n\n")[0]
    words = {"fr": "message", "en": "message"}[expected["language"]]
    assert words in first, first
    if len(expected["addresses"]) == 1:
        assert expected["addresses"][0] in first.replace("\n", " "), first
    groups = report.get_payload()
    assert len(groups) == 1 + len(expected["addresses"]), groups
    if expected["ascii"]:
        for group, address in zip(groups[1:], expected["addresses"]):
            assert group["final-recipient"] == f"rfc822; {address}", group["final-recipient"]
    assert original.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global-headers")


def check_by_flufl(raw, expected):
    temporary, permanent = all_failures(message_from_bytes(raw))
    found = {"temporary": temporary, "permanent": permanent}
    wanted = {address.encode().lower() for address in expected["addresses"]}
    for outcome, addresses in found.items():
        addresses = {address.lower() for address in addresses}
        if outcome == expected["outcome"]:
            assert addresses == wanted or not expected["ascii"], (outcome, addresses)
        else:
            assert not addresses, (outcome, addresses)


def main():
    count, wrong = 0, 0
    for path in sorted(Path(sys.argv[1]).glob("*.eml")):
        expected = json.loads(path.with_suffix(".json").read_text())
        for check in (check_by_email, check_by_flufl):
            try:
                check(path.read_bytes(), expected)
            except Exception as error:
                wrong += 1
                print(f"{path.stem}: {check.__name__}: {error!r}", file=sys.stderr)
        count += 1
    print(f"read {count} notices")
    sys.exit(wrong > 0)


main()
