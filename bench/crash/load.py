"""The near end of a crash test: clients that note every message of which they read the 250."""
import hashlib
import random
import re
import socket
import threading
import time

QUEUED = re.compile(rb"queued as (\S+)")
TIMEOUT_S = 10


class Load:
    """Clients that submit for as long as they may, over kept connections."""

    def __init__(self, port, clients, seed):
        self.port, self.stopped = port, threading.Event()
        self.lock = threading.Lock()
        # Message-ID to queue id, of every message that was acknowledged.
        self.acknowledged = {}
        self.refused = []
        self.frozen = False
        self.threads = [threading.Thread(target=self.client, args=(f"{seed}.{number}",), daemon=True)
                        for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def freeze(self):
        """From here on nothing counts any more: the power is about to go."""
        with self.lock:
            self.frozen = True

    def stop(self):
        """Ends the load, and waits until what was on the wire has been read."""
        self.stopped.set()
        for thread in self.threads:
            thread.join(2 * TIMEOUT_S)
        if any(thread.is_alive() for thread in self.threads):
            raise RuntimeError("a client did not end")

    def client(self, name):
        """One client: when its connection breaks, it opens the next."""
        chance = random.Random(name)
        number = 0
        while not self.stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S) as connection:
                    replies = connection.makefile("rb")
                    expect(replies, b"220")
                    command(connection, replies, b"EHLO client.bench.test", b"250")
                    while not self.stopped.is_set():
                        number += 1
                        self.submit(connection, replies, f"{name}.{number}.{chance.getrandbits(32):08x}", chance)
            except OSError:
                time.sleep(0.01)

    def submit(self, connection, replies, name, chance):
        """One message, and the note that it was acknowledged."""
        try:
            command(connection, replies, b"MAIL FROM:<sender@bench.test>", b"250")
            command(connection, replies, b"RCPT TO:<rcpt@example.test>", b"250")
            command(connection, replies, b"DATA", b"354")
            last = command(connection, replies, message(name, chance) + b".", b"250")
        except Refused as refusal:
            with self.lock:
                self.refused.append(str(refusal))
            raise ConnectionError from refusal
        queued = QUEUED.search(last)
        if not queued:
            raise RuntimeError(f"a 250 without a queue id: {last!r}")
        with self.lock:
            if not self.frozen:
                self.acknowledged[name] = queued[1].decode()


class Refused(Exception):
    """The server answered, but not what the client asked for."""


def message(name, chance):
    """A message whose body the sink can check: dots, 8-bit, long and short."""
    lines = [b"a line of text", b".a line that begins with a dot", b"..", "un accent é".encode(), b"x" * 900, b""]
    body = b"".join(chance.choice(lines) + b"\r\n" for _ in range(chance.choice([1, 20, 400])))
    check = hashlib.sha256(body).hexdigest()
    header = f"From: sender@bench.test\r\nMessage-ID: <{name}@crash.test>\r\nX-Body-SHA256: {check}\r\n\r\n"
    return header.encode() + re.sub(rb"(?m)^\.", b"..", body)


def command(connection, replies, line, code):
    """Sends one line, or one message, and reads the reply."""
    connection.sendall(line + b"\r\n")
    return expect(replies, code)


def expect(replies, code):
    """Reads a reply to its last line."""
    while line := replies.readline():
        if line[3:4] != b"-":
            if not line.startswith(code):
                raise Refused(line.decode(errors="replace").strip())
            return line
    raise ConnectionError("the server closed the connection")
