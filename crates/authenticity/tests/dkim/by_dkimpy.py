"""Verifies a directory of signed mails with dkimpy: every good one twice, no spoilt one."""

import pathlib
import sys

import dkim


def main(directory):
    records = dict(
        line.split("\t") for line in (directory / "records").read_text(encoding="ascii").splitlines()
    )

    def answer(name, timeout=5):
        return records[name.decode().rstrip(".")].encode()

    good = spoilt = 0
    wrong = []
    for path in sorted(directory.glob("*.eml")):
        mail = path.read_bytes()
        expected = path.name.startswith("good")
        for signature in range(len(records)):
            try:
                verified = dkim.DKIM(mail).verify(idx=signature, dnsfunc=answer)
            except dkim.DKIMException as error:
                verified = error
            if (verified is True) != expected:
                wrong.append(f"{path.name} signature {signature}: {verified}")
        good += expected
        spoilt += not expected
    print(f"dkimpy {len(wrong)} wrong of {good} good and {spoilt} spoilt mails")
    print("\n".join(wrong[:20]))
    return 1 if wrong or good < 1000 or spoilt < 100 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
