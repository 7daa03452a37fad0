"""Holds connections open with a byte now and then, and prints in JSON how a good client fares meanwhile.

    slow.py PID COUNT SECS GONE-SECS CLEAR-PORT KIND:PORT...

KIND is plain, starttls or tls: where TLS begins at once, the handshake is done first. GONE-SECS is how long is waited
after the last byte for the server to end them all; 0 does not wait.
"""
import json
import resource
import selectors
import socket
import ssl
import sys
import threading
import time

PID, COUNT, SECS, GONE, CLEAR = (int(word) for word in sys.argv[1:6])
PORTS = [word.split(":") for word in sys.argv[6:]]
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
LINE = b"EHLO a.very.slow.client.that.never.comes.to.an.end." + b"x" * 4000


def rss_kib():
    with open(f"/proc/{PID}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Good(threading.Thread):
    """Gives messages, and times each from the connection to the last reply."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping, self.took, self.failed = False, [], []

    def one(self):
        with socket.create_connection(("127.0.0.1", CLEAR), timeout=30) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            file = stream.makefile("rb")
            def reply():
                while True:
                    line = file.readline()
                    if line[3:4] != b"-":
                        return line
            said = [reply()]
            for command in (b"EHLO good.test", b"MAIL FROM:<a@site.test>", b"RCPT TO:<b@far.test>", b"DATA",
                            b"Subject: good\r\n\r\nhello\r\n.", b"QUIT"):
                stream.sendall(command + b"\r\n")
                said.append(reply())
            return said

    def run(self):
        while not self.stopping:
            began = time.monotonic()
            try:
                said = self.one()
                if not said[-2].startswith(b"250"):
                    self.failed.append(repr(said))
            except OSError as error:
                self.failed.append(str(error))
            self.took.append((time.monotonic() - began) * 1000)
            time.sleep(0.05)


def open_one(number):
    kind, port = PORTS[number % len(PORTS)]
    # From many networks, as such attacks come.
    source = f"127.{2 + number // 40}.1.1"
    stream = socket.create_connection(("127.0.0.1", int(port)), timeout=30, source_address=(source, 0))
    if kind == "tls":
        stream = CONTEXT.wrap_socket(stream)
    stream.setblocking(False)
    return stream


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    good = Good()
    good.start()
    time.sleep(1)
    before = rss_kib()
    selector = selectors.DefaultSelector()
    refused, most, rss = 0, 0, before
    for number in range(COUNT):
        try:
            stream = open_one(number)
        except OSError:
            refused += 1
            continue
        selector.register(stream, selectors.EVENT_READ)
    began = time.monotonic()
    sent = 0

    def look(until):
        """Takes what the server says; who is told the end is gone."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return
            for key, _ in selector.select(min(left, 0.5)):
                try:
                    data = key.fileobj.recv(4096)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
            if not selector.get_map():
                return

    look(time.monotonic() + 2)
    while time.monotonic() - began < SECS and selector.get_map():
        for key in list(selector.get_map().values()):
            try:
                key.fileobj.send(LINE[sent % len(LINE):][:1])
            except (BlockingIOError, ssl.SSLWantWriteError):
                pass
            except OSError:
                selector.unregister(key.fileobj)
                key.fileobj.close()
        sent += 1
        most, rss = max(most, len(selector.get_map())), max(rss, rss_kib())
        look(time.monotonic() + 10)
    good.stopping = True
    good.join()
    held = len(selector.get_map())
    if GONE:
        look(time.monotonic() + GONE)
    took = sorted(good.took)
    print(json.dumps({
        "most": most, "held": held, "left": len(selector.get_map()), "refused": refused,
        "rss_before_kib": before, "rss_kib": rss, "good": len(took), "failed": good.failed[:3],
        "failures": len(good.failed), "p99_ms": took[max(0, int(len(took) * 0.99) - 1)],
    }))


main()
