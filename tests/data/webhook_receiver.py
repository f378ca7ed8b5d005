"""Receives webhooks as a customer's own service would, with the Python that docs/webhooks.md shows: webhook_receiver.py SECRET.

Prints its port, then for each request either the body, or why it is not believed.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from standardwebhooks import WebhookVerificationError

page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
shown = {}
exec(page.split("```python\n")[1].split("```")[0], shown)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            # It decodes the body after it has verified it.
            shown["event_of"](sys.argv[1], body, {name.lower(): value for name, value in self.headers.items()})
            status, said = 204, body.decode()
        except WebhookVerificationError as error:
            status, said = 400, f"refused: {error}"
        print(said, flush=True)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
