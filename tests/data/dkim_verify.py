"""Verifies the signatures of mails with dkimpy, a third-party library.

usage: dkim_verify.py DNS-NAME RECORD FILE...

Prints a line for each file: "pass", or "fail" and why. RECORD is the TXT record that DNS would return for DNS-NAME.
"""

import sys

import dkim


def main(name, record, *files):
    def dns(query, timeout=5):
        query = query.decode() if isinstance(query, bytes) else query
        return record.encode() if query.rstrip(".") == name else None

    for file in files:
        with open(file, "rb") as opened:
            message = opened.read()
        try:
            print("pass" if dkim.DKIM(message, minkey=1024).verify(dnsfunc=dns) else "fail", flush=True)
        except dkim.DKIMException as error:
            print("fail", type(error).__name__, error, flush=True)


main(*sys.argv[1:])
