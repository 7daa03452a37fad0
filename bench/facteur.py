"""How the measures drive facteur: the one place that knows its commands and its configuration."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

CONFIGURATION = """\
host_name = "bench.test"

[[listener]]
address = "127.0.0.1:{port}"
kind = "submission"
"""

# A queue id as it is printed: Postfix's long alphabet (no vowels).
QUEUE_ID = re.compile(r"\b[0-9BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz]{10,}\b")


def configuration(port):
    """The text of facteur.toml for a server that listens on one port of the loopback."""
    return CONFIGURATION.format(port=port)


def preparation(sink_port=None):
    """The commands, in order, that make an empty data directory into a relay for this machine.
    Without a sink there is no relay, and every message waits."""
    commands = [
        ["init"],
        ["site", "add", "bench", "--network", "127.0.0.0/8", "--allow-any-sender"],
    ]
    if sink_port:
        commands.append(["relay", "add", "sink", "--host", "127.0.0.1", "--port", str(sink_port), "--tls", "never",
                         "--no-auth", "--connections", "50", "--default"])
    return commands


class Facteur:
    """One server and its data directory."""

    def __init__(self, binary, data, port):
        self.binary, self.data, self.port = [str(part) for part in binary], Path(data), port
        self.environment = dict(os.environ, LC_ALL="C")
        self.process = None

    def call(self, *arguments):
        """Runs one command to its end and gives back what it printed."""
        done = subprocess.run([*self.binary, "--data", str(self.data), *arguments], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"facteur {' '.join(arguments)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def prepare(self, sink_port=None):
        """Makes the data directory."""
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "facteur.toml").write_text(configuration(self.port))
        # The administrator's own file: it was there long before any power cut.
        os.sync()
        for command in preparation(sink_port):
            self.call(*command)

    def start(self, log):
        """Starts the server, in a session of its own; its log goes to an open file."""
        self.process = subprocess.Popen([*self.binary, "--data", str(self.data), "start"], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def signal(self, number):
        """Sends a signal to the server."""
        self.process.send_signal(number)

    def stop(self):
        """Ends the server as an administrator would, and waits for its end."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self):
        """Ends the server without giving it a say."""
        self.process.kill()
        self.process.wait()

    def waiting(self):
        """The queue ids of every message that the server says it still has."""
        rows = json.loads(self.call("queue", "list", "--json"))
        return {row["id"] for row in rows}


def perhaps_twice(log):
    """The queue ids of which the log says that they were perhaps sent twice."""
    lines = (line for line in log.splitlines() if "perhaps sent twice" in line)
    return {match for line in lines for match in QUEUE_ID.findall(line)}
