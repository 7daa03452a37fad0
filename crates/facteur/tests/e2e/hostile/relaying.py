"""Tries to have mail passed on that is nobody's to send, and prints in JSON what was taken.

    relaying.py forms PORT tls|plain LOGIN|- PASSWORD     (addresses on standard input, one a line)
    relaying.py mails PORT LOGIN PASSWORD CASES.json      (spoofed messages, each as MAIL, RCPT and DATA)
"""
import base64
import json
import socket
import ssl
import sys

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Talk:
    def __init__(self, port, tls):
        stream = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = CONTEXT.wrap_socket(stream, server_hostname="mail.facteur.test") if tls else stream
        self.file = self.stream.makefile("rb")
        self.reply()
        self.say(b"EHLO relaying.test")

    def reply(self):
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            if line[3:4] != "-":
                return line

    def say(self, command):
        self.stream.sendall(command + b"\r\n")
        return self.reply()

    def sign_in(self, login, password):
        token = base64.b64encode(f"\0{login}\0{password}".encode())
        reply = self.say(b"AUTH PLAIN " + token)
        assert reply.startswith("235"), reply


def forms(port, tls, login, password):
    """Each form as a sender, and each as a recipient of mail from a stranger: what was taken of both."""
    taken = []
    for form in sys.stdin.read().splitlines():
        for sender, recipient in ((form, "<victim@far.test>"), ("<stranger@else.test>", form), ("<>", form),
                                  ("<antispam@mail.facteur.test>", form), ("<antispam@[127.0.0.1]>", form)):
            if login != "-" and sender == "<>":
                # Whoever signed in may send a notice of its own.
                continue
            talk = Talk(port, tls)
            if login != "-":
                talk.sign_in(login, password)
            mail = talk.say(f"MAIL FROM:{sender}".encode())
            rcpt = talk.say(f"RCPT TO:{recipient}".encode())
            data = talk.say(b"DATA")
            if data.startswith("354"):
                reply = talk.say(b"Subject: relayed\r\n\r\nhello\r\n.")
                if reply.startswith("250"):
                    taken.append([sender, recipient, mail, rcpt, reply])
            elif not data.startswith("5"):
                taken.append([sender, recipient, mail, rcpt, data])
            talk.stream.close()
    print(json.dumps(taken))


def mails(port, login, password, path):
    """Sends each case as the one who signed in, with its own envelope sender and with theirs."""
    said = {}
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    for name, case in cases.items():
        said[name] = []
        data = case["data"]
        header = data["from_header"] + data["to_header"] + data["subject_header"] + data["other_headers"]
        content = (header + data["body"]).encode("latin-1")
        for sender in (case["mailfrom"], f"<{login}>"):
            talk = Talk(port, True)
            talk.sign_in(login, password)
            replies = [talk.say(b"MAIL FROM:" + sender.encode("latin-1")), talk.say(b"RCPT TO:" + case["rcptto"].encode())]
            replies.append(talk.say(b"DATA"))
            if replies[-1].startswith("354"):
                replies.append(talk.say(content + b"\r\n."))
            said[name].append(replies)
            talk.stream.close()
    print(json.dumps(said))


if sys.argv[1] == "forms":
    forms(int(sys.argv[2]), sys.argv[3] == "tls", sys.argv[4], sys.argv[5])
else:
    mails(int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5])
