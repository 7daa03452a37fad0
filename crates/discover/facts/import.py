#!/usr/bin/env python3
"""Writes imported.toml from a collection of three public provider databases, one JSON object a line.

Usage: import.py providers.jsonl > imported.toml

What the sources have wrong is mended or left out here, and nowhere else, so that the next import does the same:
a fact that no mail program could follow is no fact. What prose alone says (app passwords, switches) is not taken over;
own.toml has it where it was verified.
"""

import json
import sys

HEAD = """# Providers, their domains and their servers, as three public databases have them. Written by import.py; not by hand:
# corrections and additions belong into own.toml.
#
# Sources, named in `from`: thunderbird (thunderbird/autoconfig, 2026-03-12, MPL-2.0), deltachat (chatmail/provider-db,
# 2026-04-21, MPL-2.0), nodemailer (lib/well-known/services.json, 2026-08-07, MIT-0).
# A server is `host:port tls user-name sign-in…`; `?` where the source says nothing. Licence: MPL-2.0, see LICENSE.
"""
SOURCES = {
    "ispdb": ("thunderbird 2026-03-12", "path"),
    "deltachat": ("deltachat 2026-04-21", "path"),
    "nodemailer": ("nodemailer 2026-08-07", "key"),
}
TLS = {"implicit": "tls", "starttls": "starttls", "none": "clear"}
USER = {
    "%EMAILADDRESS%": "full",
    # Two records of one source lack the closing sign.
    "%EMAILADDRESS": "full",
    "%EMAILLOCALPART%": "local",
    "%EMAILLOCALPART%.%EMAILDOMAIN%": "local.domain",
    "": "?",
}
SIGN_IN = {
    "password-cleartext": "password",
    "LOGIN": "password",
    "password-encrypted": "encrypted",
    "OAuth2": "oauth2",
    "none": "none",
}
# Domains of people that one source lists beside the names of mail hosts: taken for an MX they would lead astray.
NOT_MX = {"aol.com.mx", "cox.net", "livemail.tw"}
# The only ports at which each protocol can be spoken to so.
PORTS = {
    ("imap", "implicit"): {993},
    ("imap", "starttls"): {143},
    ("imap", "none"): {143},
    ("pop3", "implicit"): {995},
    ("pop3", "starttls"): {110},
    ("pop3", "none"): {110},
    ("smtp", "implicit"): {465},
    ("smtp", "starttls"): {25, 587, 2525},
    ("smtp", "none"): {25, 587},
}


def text(value):
    """A TOML string."""
    return json.dumps(value, ensure_ascii=False)


def usable(server):
    """Whether a mail program could follow it: 465 in the clear or implicit TLS on 587 are slips of the source."""
    return server.get("port") in PORTS.get((server["type"], server.get("tls")), set())


def line_of(server):
    """One server as a line of words."""
    sign_in = list(dict.fromkeys(SIGN_IN[word] for word in server["auth"])) or ["?"]
    # Some providers have one host for each of their domains.
    host = server["host"].replace("%emaildomain%", "{domain}")
    words = [f"{host}:{server['port']}", TLS[server["tls"]], USER[server["username"]]]
    return " ".join(words + sign_in)


def wanted(key, name):
    """Whether a domain, or the name of a mail host, is one: a single label or a pattern is nobody's."""
    return "." in name and "*" not in name and (key == "domains" or name not in NOT_MX)


def record(name, provider):
    """The lines of one provider."""
    lines = [f"[{text(name)}]", f"name = {text(provider['name'].replace('%EMAILDOMAIN%', name))}"]
    notes = provider["notes"]
    if "country" in provider:
        lines.append(f"country = {text(provider['country'])}")
    if notes.get("kind") == "relay":
        lines.append("relay = true")
    for key in ("domains", "mx"):
        names = [name for name in provider.get(key, []) if wanted(key, name)]
        if names:
            lines.append(f"{key} = [{', '.join(map(text, names))}]")
    servers = provider.get("incoming", []) + provider.get("outgoing", [])
    for protocol in ("imap", "pop3", "smtp"):
        found = [line_of(server) for server in servers if server["type"] == protocol and usable(server)]
        if found:
            lines.append(f"{protocol} = [{', '.join(map(text, dict.fromkeys(found)))}]")
    if any(server["type"] in ("ews", "exchange", "graph", "owa") for server in servers):
        lines.append("exchange = true")
    if "must_enable" in notes:
        lines.append(f"enable = {text(notes['must_enable']['url'])}")
    if "oauth2" in notes:
        lines.append(f"oauth2 = {text(notes['oauth2']['issuer'])}")
    pages = [page for page in provider.get("docs", []) if page.startswith("http")]
    if pages:
        lines.append(f"help = {text(pages[0])}")
    sources = []
    for source in provider["src"]:
        name, key = SOURCES[source["db"]]
        sources.append(f"{name} {source[key]}")
    lines.append(f"from = [{', '.join(map(text, sources))}]")
    return "\n".join(lines) + "\n"


def main():
    """Reads the collection and prints the table."""
    print(HEAD)
    with open(sys.argv[1], encoding="utf-8") as collection:
        providers = [json.loads(line) for line in collection]
    known = set()
    # Those whose name is one of their domains keep it; namesakes are called by their first domain.
    providers.sort(key=lambda provider: (provider["id"], provider["id"] not in provider.get("domains", [])))
    for provider in providers:
        name = provider["id"] if provider["id"] not in known else provider["domains"][0]
        known.add(name)
        print(record(name, provider))


if __name__ == "__main__":
    main()
