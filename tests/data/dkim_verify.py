"""Verifies mails by dkimpy, which is not ours.

usage: dkim_verify.py DNS-NAME RECORD FILE...

Prints a line for each file: "pass", or "fail" and why. The record stands for what DNS would answer for the name.
"""

import sys

import dkim


def main(name, record, *files):
    def dns(asked, timeout=5):
        asked = asked.decode() if isinstance(asked, bytes) else asked
        return record.encode() if asked.rstrip(".") == name else None

    for file in files:
        with open(file, "rb") as opened:
            message = opened.read()
        try:
            print("pass" if dkim.DKIM(message, minkey=1024).verify(dnsfunc=dns) else "fail", flush=True)
        except dkim.DKIMException as error:
            print("fail", type(error).__name__, error, flush=True)


main(*sys.argv[1:])
