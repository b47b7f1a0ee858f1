"""A proxy before `trawl serve` that serves the page from the sources and fails requests when a test asks for it.

The page's files come from the sources, so that a change of the page needs no build. All else is the server's.

    python3 Tests/page/proxy.py 7701 7700    # the page on port 7701, of the server on port 7700
"""

import http.client
import json
import pathlib
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = pathlib.Path(__file__).resolve().parents[2] / "Sources/Server/Page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"


class Proxy(ThreadingHTTPServer):
    """Forwards to the server on `port`. `faults` are used up one by one, each by the next request of
    its path. `pause` is the time before each server-sent event but the first, in seconds."""

    daemon_threads = True

    def __init__(self, port, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.upstream = port
        self.faults = []
        self.pause = 0
        self.requests = []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def fail(self, path, status=None, delay=0, message="a fault of the test", headers=None):
        """Lets the next request of `path` wait `delay` seconds and fail with `status`; 0 closes the connection."""
        with self.lock:
            self.faults.append((path, status, delay, message, headers or {}))

    def fault(self, path):
        with self.lock:
            for fault in self.faults:
                if fault[0] == path:
                    self.faults.remove(fault)
                    return fault
        return None

    def handle_error(self, request, client_address):
        """A browser may leave at any time."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        file = PAGE / ("index.html" if path == "/" else path.lstrip("/"))
        if file.parent == PAGE and file.is_file():
            self.answer(200, file.read_bytes(), {
                "Content-Type": f"{TYPES[file.suffix]}; charset=utf-8", "Content-Security-Policy": POLICY})
        else:
            self.forward()

    def do_POST(self):
        self.forward()

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, json.loads(body) if body else None))
        fault = self.server.fault(self.path)
        if fault:
            _, status, delay, message, headers = fault
            time.sleep(delay)
            if status == 0:
                self.close_connection = True
                return
            if status:
                error = {"error": {"message": message, "type": "test", "code": status}}
                self.answer(status, json.dumps(error).encode(), {"Content-Type": "application/json", **headers})
                return
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream)
        kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
        connection.request(self.command, self.path, body or None, kept)
        response = connection.getresponse()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() in ("content-type", "retry-after", "www-authenticate"):
                self.send_header(name, value)
        self.end_headers()
        if response.getheader("Content-Type") == "text/event-stream":
            self.forward_events(response)
        else:
            self.wfile.write(response.read())
        connection.close()

    def forward_events(self, response):
        pause = 0
        for line in response:
            if line.startswith(b"event:"):
                time.sleep(pause)
                pause = self.server.pause
            self.wfile.write(line)
            self.wfile.flush()

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Proxy(int(sys.argv[2]), ("127.0.0.1", int(sys.argv[1]))).serve_forever()
