"""What dkimpy and OpenDKIM say of a directory of mails: the first two signatures of each are good, and bad once it is
spoilt.

The directory holds `*.eml` and `records`: a name and a text a line, with a tab between. A third signature, which came
with the mail, is somebody else's and of no interest."""

import pathlib
import re
import subprocess
import sys

import dkim


def spoilt(mail):
    """The mail with a word more at the head of its body."""
    head, body = mail.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\nPS " + body


SIGNATURES = 2


def by_dkimpy(mail, records):
    """Which of our signatures are good."""

    def answer(name, timeout=5):
        return records[name.decode().rstrip(".")].encode()

    verdicts = []
    for signature in range(SIGNATURES):
        try:
            verdicts.append(dkim.DKIM(mail).verify(idx=signature, dnsfunc=answer))
        except dkim.DKIMException:
            verdicts.append(False)
    return verdicts


def by_opendkim(directory, paths):
    """Which of our signatures are good, mail by mail."""
    command = ["/usr/sbin/opendkim", "-x", directory / "opendkim.conf", "-vv"]
    command += ["-t", ",".join(path.name for path in paths)]
    done = subprocess.run(command, cwd=directory, capture_output=True, check=False)
    said = done.stdout.decode(errors="replace").split("### INSHEADER")[1:]
    if len(said) != len(paths):
        raise SystemExit(f"{len(said)} results for {len(paths)} mails:\n{done.stderr.decode()}")
    verdicts = [re.findall(r"\bdkim=(\w+)", result)[:SIGNATURES] for result in said]
    return [[word == "pass" for word in words] for words in verdicts]


def main(directory):
    lines = (directory / "records").read_text(encoding="ascii").splitlines()
    records = dict(line.split("\t") for line in lines)
    keys = "".join(f"{name} {text}\n" for name, text in records.items())
    (directory / "keys").write_text(keys, encoding="ascii")
    (directory / "opendkim.conf").write_text(f"Mode v\nTestPublicKeys {directory}/keys\n", encoding="utf-8")
    wrong = []
    for path in sorted(directory.glob("*.eml")):
        bad = directory / f"{path.stem}.spoilt"
        bad.write_bytes(spoilt(path.read_bytes()))
        of_good, of_bad = by_opendkim(directory, [path, bad])
        verdicts = {
            "dkimpy": by_dkimpy(path.read_bytes(), records),
            "dkimpy, spoilt": [not good for good in by_dkimpy(bad.read_bytes(), records)],
            "OpenDKIM": of_good,
            "OpenDKIM, spoilt": [not good for good in of_bad],
        }
        wrong += [f"{path.name}: {who}: {said}" for who, said in verdicts.items() if said != [True] * SIGNATURES]
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
