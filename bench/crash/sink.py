"""The far end of a crash test: an SMTP server that remembers every message it took."""
import asyncio
import hashlib
import re
import threading
from collections import Counter

MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.M | re.I)
CHECK = re.compile(rb"^X-Body-SHA256: ([0-9a-f]{64})", re.M)
MESSAGE_LIMIT = 64 << 20


class Sink(threading.Thread):
    """Takes everything. A message is remembered before its 250 is written, and the
    250 is late by `delay` seconds: in between lies the moment in which a killed
    sender cannot know whether its message arrived."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.delay = port, 0.0
        self.seen = Counter()
        self.damaged = []
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=MESSAGE_LIMIT))
        self.ready.set()
        self.loop.run_forever()

    def listen(self):
        """Starts, and returns when connections are taken."""
        self.start()
        if not self.ready.wait(10):
            raise RuntimeError("the sink did not start")
        return self

    async def serve(self, reader, writer):
        """One connection. That its client dies in the middle is what the test is about."""
        try:
            await self.dialogue(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def dialogue(self, reader, writer):
        """SMTP as far as a relay needs it (RFC 5321)."""
        writer.write(b"220 sink.test ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                self.remember((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                await asyncio.sleep(self.delay)
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 fine\r\n")
            await writer.drain()

    def remember(self, stuffed):
        """Notes one message, and whether its body is the one that was sent."""
        content = re.sub(rb"(?m)^\.", b"", stuffed)
        header, _, body = content.partition(b"\r\n\r\n")
        name, check = MESSAGE_ID.search(header), CHECK.search(header)
        if not name or not check or hashlib.sha256(body).hexdigest().encode() != check[1]:
            self.damaged.append(content[:300])
        if name:
            self.seen[name[1].decode()] += 1
