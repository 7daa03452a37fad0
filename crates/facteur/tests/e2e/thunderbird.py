"""Lets the real Thunderbird set itself up, by its own code, in a network of its own.

Run within new namespaces of network and mounts, as root. Reads JSON from its standard input: the `names` that are in
the DNS (all lead to loopback), `start` (a command that has to listen on port 443 before anything is tried), `ca` (an
authority to believe, in base64), the `addresses` to set up, `check` (our own program's look at it), the file of
authorities that it has `trusted`, and `place`, a directory of its own. Prints as JSON what Thunderbird `made` of each
address, which is null when it found nothing, and what our own program `checked`.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

LIMIT_SECS = 90
TRIES = 3

SET_UP = """
const [address, resolve] = arguments;
const modules = "resource:///modules/accountcreation/";
(async () => {
  const { FindConfig } = ChromeUtils.importESModule(modules + "FindConfig.sys.mjs");
  const { AccountConfig } = ChromeUtils.importESModule(modules + "AccountConfig.sys.mjs");
  const { CreateInBackend } = ChromeUtils.importESModule(modules + "CreateInBackend.sys.mjs");
  const domain = address.split("@")[1];
  const search = FindConfig.parallelAutoDiscovery(domain, address, new AbortController().signal);
  let step = await search.next();
  while (!step.done) {
    step = await search.next({ acceptRedirect: false });
  }
  const config = step.value;
  if (!config) {
    return null;
  }
  AccountConfig.replaceVariables(config, "Anne", address, "");
  const account = await CreateInBackend.createAccountInBackend(config);
  const incoming = account.incomingServer;
  const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
  const outgoing = MailServices.outgoingServer.getServerByKey(account.defaultIdentity.smtpServerKey);
  outgoing.QueryInterface(Ci.nsISmtpServer);
  return {
    source: config.source,
    incoming: [incoming.type, incoming.hostname ?? incoming.hostName, incoming.port, incoming.socketType, incoming.username],
    outgoing: ["smtp", outgoing.hostname, outgoing.port, outgoing.socketType, outgoing.username],
    address: account.defaultIdentity.email,
  };
})().then(made => resolve({ made }), error => resolve({ error: String(error) + error?.stack }));
"""

BELIEVE = """
const known = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
known.addCertFromBase64(arguments[0], "C,,");
"""


def bring_up_loopback():
    """As `ip link set lo up` does."""
    siocsifflags, iff_up_and_running = 0x8914, 0x41
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh", b"lo", iff_up_and_running))


def answer(asked, names):
    """A response to a question (RFC 1035): an address of loopback, or that there is none."""
    end, labels = 12, []
    while asked[end]:
        labels.append(asked[end + 1 : end + 1 + asked[end]].decode().lower())
        end += 1 + asked[end]
    kind = struct.unpack(">H", asked[end + 1 : end + 3])[0]
    known = ".".join(labels) in names
    records = b""
    if known and kind == 1:
        records = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + socket.inet_aton("127.0.0.1")
    flags = 0x8180 if known else 0x8183
    head = struct.pack(">HHHHHH", struct.unpack(">H", asked[:2])[0], flags, 1, 1 if records else 0, 0, 0)
    return head + asked[12 : end + 5] + records


def serve_names(names):
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("127.0.0.1", 53))
    while True:
        asked, sender = port.recvfrom(4096)
        port.sendto(answer(asked, names), sender)


def connected(port, process):
    """A connection, once something listens there."""
    end = time.monotonic() + LIMIT_SECS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)


class Marionette:
    """The door by which a program drives Thunderbird: each message is its length, a colon, and JSON."""

    def __init__(self, connection):
        self.connection, self.rest, self.last = connection, b"", 0
        connection.settimeout(LIMIT_SECS)
        self.read()
        self.ask("WebDriver:NewSession", {"capabilities": {}})
        self.ask("Marionette:SetContext", {"value": "chrome"})
        self.ask("WebDriver:SetTimeouts", {"script": LIMIT_SECS * 1000})

    def more(self):
        bytes_read = self.connection.recv(65536)
        if not bytes_read:
            raise EOFError("Thunderbird has gone")
        self.rest += bytes_read

    def read(self):
        while b":" not in self.rest:
            self.more()
        length, self.rest = self.rest.split(b":", 1)
        while len(self.rest) < int(length):
            self.more()
        message, self.rest = self.rest[: int(length)], self.rest[int(length) :]
        return json.loads(message)

    def ask(self, name, parameters):
        self.last += 1
        message = json.dumps([0, self.last, name, parameters]).encode()
        self.connection.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self.read()
        if error:
            raise RuntimeError(error)
        return result

    def believe(self, authority):
        self.ask("WebDriver:ExecuteScript", {"script": BELIEVE, "args": [authority]})

    def set_up(self, address):
        given = {"script": SET_UP, "args": [address]}
        said = self.ask("WebDriver:ExecuteAsyncScript", given)["value"]
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["made"]


PREFERENCES = {
    "marionette.port": 2828,
    # The database of providers is on the Internet, and no part of this.
    "mailnews.auto_config_url": "",
    # Loopback is all the network there is: without this it takes itself to be offline.
    "network.manage-offline-status": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.shell.checkDefaultClient": False,
}


def started(place):
    profile = os.path.join(place, "profile")
    os.mkdir(profile)
    with open(os.path.join(profile, "user.js"), "w", encoding="utf-8") as file:
        for name, value in PREFERENCES.items():
            file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
    command = ["thunderbird", "--headless", "--no-remote", "--profile", profile]
    command += ["--marionette", "--remote-allow-system-access"]
    log = open(os.path.join(place, "thunderbird.log"), "wb")
    surroundings = {"HOME": place, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(command, env=surroundings, stdout=log, stderr=log)


def settled(door, address):
    """Thunderbird waits five seconds for a document, which may be too short on a machine that has much to do."""
    for _ in range(TRIES):
        made = door.set_up(address)
        if made:
            return made
    return None


def main():
    wanted = json.load(sys.stdin)
    place = wanted["place"]
    bring_up_loopback()
    resolver = os.path.join(place, "resolv.conf")
    with open(resolver, "w", encoding="utf-8") as file:
        file.write("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
    threading.Thread(target=serve_names, args=(set(wanted["names"]),), daemon=True).start()
    server = subprocess.Popen(wanted["start"], stdout=subprocess.DEVNULL)
    thunderbird = None
    try:
        connected(443, server).close()
        thunderbird = started(place)
        door = Marionette(connected(2828, thunderbird))
        door.believe(wanted["ca"])
        made = [settled(door, address) for address in wanted["addresses"]]
        surroundings = {"SSL_CERT_FILE": wanted["trusted"], "LC_ALL": "C"}
        asked = subprocess.run(wanted["check"], env=surroundings, stdout=subprocess.PIPE, check=False)
        print(json.dumps({"made": made, "checked": json.loads(asked.stdout)}))
    finally:
        for process in (thunderbird, server):
            if process:
                process.terminate()
                process.wait(LIMIT_SECS)


main()
