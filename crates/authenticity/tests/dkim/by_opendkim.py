"""Verifies a directory of signed mails with OpenDKIM: every good one twice, no spoilt one."""

import pathlib
import re
import subprocess
import sys

# A mail a process would take minutes; a thousand names do not fit one command.
BATCH = 100


def verdicts(directory, paths):
    """What OpenDKIM says of each signature of each mail, in order: pass, fail, neutral …"""
    command = ["/usr/sbin/opendkim", "-x", directory / "opendkim.conf", "-vv"]
    command += ["-t", ",".join(path.name for path in paths)]
    done = subprocess.run(command, cwd=directory, capture_output=True, check=False)
    said = done.stdout.decode(errors="replace").split("### INSHEADER")[1:]
    if len(said) != len(paths):
        raise SystemExit(f"{len(said)} results for {len(paths)} mails:\n{done.stderr.decode()}")
    return [re.findall(r"\bdkim=(\w+)", result) for result in said]


def main(directory):
    records = (directory / "records").read_text(encoding="ascii").splitlines()
    keys = [record.replace("\t", " ", 1) for record in records]
    (directory / "keys").write_text("\n".join(keys) + "\n", encoding="ascii")
    (directory / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {directory}/keys\n", encoding="utf-8")
    paths = sorted(directory.glob("*.eml"))
    wrong = []
    for first in range(0, len(paths), BATCH):
        batch = paths[first : first + BATCH]
        for path, verdict in zip(batch, verdicts(directory, batch)):
            expected = "pass" if path.name.startswith("good") else "fail"
            if verdict != [expected] * len(keys):
                wrong.append(f"{path.name}: {verdict}")
    good = sum(path.name.startswith("good") for path in paths)
    print(f"OpenDKIM {len(wrong)} wrong of {good} good and {len(paths) - good} spoilt mails")
    print("\n".join(wrong[:20]))
    return 1 if wrong or good < 1000 or len(paths) - good < 100 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
