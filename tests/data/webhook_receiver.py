"""Receives webhooks as a customer's own service would, with PyPI's `standardwebhooks`: webhook_receiver.py SECRET.

Prints its port, then for each request either the body, or why it is not believed.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(sys.argv[1])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            # It decodes the body after it has verified it.
            webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
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
