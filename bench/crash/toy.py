#!/usr/bin/env python3
"""A queue of a few lines with facteur's commands, to prove that the crash test can fail.

    toy.py --sync full|late|none --data DIR init|site|relay|start|queue …

With `--sync none` it says 250 before the disk has the message: kills do not
show that, power cuts do. With `--sync late` it says 250 and then syncs, in one call:
only a cut in the middle of that call shows it. It is no mail server.
"""
import asyncio
import ctypes
import json
import os
import sys
import uuid
from pathlib import Path

SYNC, DATA, COMMAND, REST = sys.argv[2], Path(sys.argv[4]), sys.argv[5], sys.argv[6:]
QUEUE = DATA / "queue"
RELAYS_AT_ONCE = 50
BALLAST_BYTES = 16 << 20


def fsync(path):
    """Asks the disk for a file or a directory."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def store(content):
    """Keeps one message; gives its queue id."""
    name = uuid.uuid4().hex.translate(str.maketrans("ae", "XY")).upper()
    path = QUEUE / f".{name}"
    path.write_bytes(content)
    if SYNC == "full":
        fsync(path)
    path.rename(QUEUE / name)
    if SYNC == "full":
        fsync(QUEUE)
    if SYNC == "late":
        # So much that the one sync of all takes a while.
        (DATA / "ballast").write_bytes(bytes(BALLAST_BYTES))
    return name


def sync_late():
    """What a liar does once it has said 250."""
    if SYNC == "late":
        handle = os.open(QUEUE, os.O_RDONLY)
        ctypes.CDLL(None).syncfs(handle)
        os.close(handle)


async def serve(outgoing, reader, writer):
    """One client."""
    writer.write(b"220 toy\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            name = store(await reader.readuntil(b"\r\n.\r\n"))
            outgoing.put_nowait(name)
            writer.write(f"250 2.0.0 Ok: queued as {name}\r\n".encode())
            await writer.drain()
            sync_late()
            continue
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(b"250 fine\r\n")
        await writer.drain()
    writer.close()


async def relay(outgoing, port):
    """One connection to the sink, for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    while True:
        name = await outgoing.get()
        content = (QUEUE / name).read_bytes()
        for part, replies in ((b"MAIL FROM:<a@bench.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n", 3), (content, 1)):
            writer.write(part)
            for _ in range(replies):
                await reader.readline()
        (QUEUE / name).unlink()


async def start():
    """The server."""
    settings = dict(line.split("=") for line in (DATA / "toy.conf").read_text().split())
    outgoing = asyncio.Queue()
    for path in QUEUE.glob("[!.]*"):
        print(f"{path.name}: perhaps sent twice", flush=True)
        outgoing.put_nowait(path.name)
    ports = [int(settings["relay"])] * RELAYS_AT_ONCE if "relay" in settings else []
    relays = [asyncio.create_task(relay(outgoing, port)) for port in ports]
    server = await asyncio.start_server(lambda r, w: serve(outgoing, r, w), "127.0.0.1", int(settings["port"]), limit=1 << 26)
    await asyncio.gather(server.serve_forever(), *relays)


def main():
    """One command."""
    if COMMAND == "start":
        asyncio.run(start())
    elif COMMAND == "queue":
        print(json.dumps([{"id": path.name} for path in QUEUE.glob("[!.]*")]))
    elif COMMAND == "init":
        QUEUE.mkdir()
        port = (DATA / "facteur.toml").read_text().split('127.0.0.1:')[1].split('"')[0]
        (DATA / "toy.conf").write_text(f"port={port}\n")
        os.sync()
    elif COMMAND == "relay":
        with open(DATA / "toy.conf", "a", encoding="ascii") as settings:
            settings.write(f"relay={REST[REST.index('--port') + 1]}\n")
        os.sync()


if __name__ == "__main__":
    main()
