"""A third-party SMTP server, which stores each mail that it accepts as a file in a folder.

usage: smtpd.py PORT FOLDER
"""

import os
import sys
import threading

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        unfinished = os.path.join(self.folder, f".{self.count}")
        with open(unfinished, "wb") as file:
            file.write(envelope.content)
        os.rename(unfinished, os.path.join(self.folder, f"{self.count}.eml"))
        return "250 kept"


port, folder = int(sys.argv[1]), sys.argv[2]
controller = Controller(Keep(folder), hostname="127.0.0.1", port=port)
controller.start()
print("listening", flush=True)
threading.Event().wait()
