"""Runs a program on a terminal of its own: terminal.py ANSWERS PROGRAM ARGUMENT...

ANSWERS is a JSON list of pairs: what the program must have printed, and what is then typed. Prints all that the terminal
showed, and ends as the program does.
"""

import json
import os
import pty
import select
import sys

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown, looked = "", 0
while True:
    ready, _, _ = select.select([terminal], [], [], 60)
    if not ready:
        print(shown)
        sys.exit("the program waits for something else than: " + repr(answers[:1]))
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece.decode(errors="replace")
    while answers and answers[0][0] in shown[looked:]:
        looked = len(shown)
        os.write(terminal, answers.pop(0)[1].encode() + b"\n")
print(shown)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
