"""Guesses passwords as an attacker does, from addresses of 127.0.0.0/8, and prints in JSON what came of it.

    guess.py PORT KNOWN-LOGIN PASSWORD TRIES SAMPLES CLEAR-PORT

PORT begins with TLS. TRIES are shared by three attacks. SAMPLES is how many refusals of a login that exists, and of one
that does not, are timed. CLEAR-PORT takes mail from 127.0.0.1 without a login: its replies are timed meanwhile.
"""
import base64
import json
import socket
import ssl
import statistics
import sys
import threading
import time

PORT, LOGIN, PASSWORD, TRIES, SAMPLES, CLEAR = (
    int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Talk:
    """A connection from an address."""

    def __init__(self, source, port=PORT, tls=True):
        stream = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = CONTEXT.wrap_socket(stream) if tls else stream
        self.file = self.stream.makefile("rb")
        self.greeting = self.reply()
        if self.greeting.startswith("220"):
            self.say("EHLO guess.test")

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            lines.append(line)
            if line[3:4] != "-":
                return "|".join(lines)

    def say(self, command):
        self.stream.sendall(command.encode() + b"\r\n")
        return self.reply()

    def sign_in(self, login, password):
        token = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        return self.say(f"AUTH PLAIN {token}")

    def close(self):
        self.file.close()
        self.stream.close()


def stranger(number):
    """An address in a network of its own."""
    return f"127.{1 + number // 250}.{1 + number % 250}.7"


class Attack:
    """One attack: what was said to it, and when passwords were looked at. One that is harmless does all but guess: what its
    connections cost is no matter of passwords."""

    def __init__(self, of, is_harmless=False):
        self.of = of
        self.is_harmless = is_harmless
        self.said = {}
        self.looked_at = []
        self.puts_off = set()

    def run(self, tries):
        talks = {}
        for number in range(tries):
            source, login = self.of(number)
            talk = talks.pop(source, None)
            if talk is None:
                talk = Talk(source)
            reply = talk.say("NOOP") if self.is_harmless else talk.sign_in(login, f"guess {number}")
            code = reply[:3]
            self.said[code] = self.said.get(code, 0) + 1
            if code == "535":
                self.looked_at.append(time.monotonic())
            else:
                self.puts_off.add(reply.rsplit(" ", 2)[0])
            # Three refusals end a connection: a new one is opened, as attackers do.
            if number % 3 == 2 or len(talks) > 50:
                talk.close()
            else:
                talks[source] = talk
        for talk in talks.values():
            talk.close()

    def report(self):
        return {"said": self.said, "looked_at": self.looked_at, "put_off": sorted(self.puts_off)}


class Owner(threading.Thread):
    """Signs in from an address that is known, again and again."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = False
        self.good = self.all = 0

    def run(self):
        while not self.stopping:
            talk = Talk("127.0.0.9")
            self.all += 1
            self.good += talk.sign_in(LOGIN, PASSWORD).startswith("235")
            talk.close()
            time.sleep(0.05)


class Other(threading.Thread):
    """Gives mail in clear, and times it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = False
        self.took = []

    def run(self):
        while not self.stopping:
            began = time.monotonic()
            talk = Talk("127.0.0.1", CLEAR, tls=False)
            for command, code in (("MAIL FROM:<a@site.test>", "250"), ("RCPT TO:<b@far.test>", "250"), ("RSET", "250")):
                assert talk.say(command).startswith(code)
            talk.close()
            self.took.append((time.monotonic() - began) * 1000)
            time.sleep(0.02)


def p99(values):
    return sorted(values)[max(0, int(len(values) * 0.99) - 1)]


def timed(number, login):
    talk = Talk(stranger(30000 + number))
    began = time.monotonic()
    reply = talk.sign_in(login, f"wrong {number}")
    took = (time.monotonic() - began) * 1000
    talk.close()
    return reply, took


def timing():
    """The refusals of logins that exist and of others, by turns. More are asked for as long as the machine's own noise
    hides the answer; a difference that is there stays."""
    known, unknown, replies = [], [], set()
    number = 0
    for _ in range(4):
        for _ in range(SAMPLES):
            # Fifty strangers may guess at one login at once.
            of = number // 40
            both = [(f"person{of}@own.test", known), (f"nobody{of}@own.test", unknown)]
            # Neither is always the first.
            for login, took in both if number % 2 else reversed(both):
                reply, ms = timed(number * 2 + (took is unknown), login)
                replies.add(reply)
                took.append(ms)
            number += 1
        one, other = statistics.median(known), statistics.median(unknown)
        if abs(one - other) <= 0.05 * max(one, other):
            break
    return {"known_ms": one, "unknown_ms": other, "samples": len(known), "replies": sorted(replies)}


def attacks(is_harmless):
    return {
        "one_address_one_login": Attack(lambda number: ("127.200.1.1", LOGIN), is_harmless),
        "many_addresses_one_login": Attack(lambda number: (stranger(number % 1000), LOGIN), is_harmless),
        "one_address_many_logins": Attack(lambda number: ("127.200.3.1", f"login{number % 1000}@own.test"), is_harmless),
    }


def together(attacks, tries):
    threads = [threading.Thread(target=attack.run, args=(tries,)) for attack in attacks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    first = Talk("127.0.0.9")
    assert first.sign_in(LOGIN, PASSWORD).startswith("235")
    first.close()
    report = {"timing": timing()}
    calm = Other()
    calm.start()
    together(attacks(True).values(), min(TRIES // 3, 1000))
    calm.stopping = True
    calm.join()
    owner, other = Owner(), Other()
    owner.start()
    other.start()
    began = time.monotonic()
    guessing = attacks(False)
    together(guessing.values(), TRIES // 3)
    report["secs"] = time.monotonic() - began
    owner.stopping = other.stopping = True
    owner.join()
    other.join()
    report["attacks"] = {name: attack.report() for name, attack in guessing.items()}
    report["owner"] = {"good": owner.good, "all": owner.all}
    report["other"] = {"calm_p99_ms": p99(calm.took), "p99_ms": p99(other.took), "count": len(other.took)}
    print(json.dumps(report))


main()
