# SPDX-License-Identifier: Apache-2.0
"""Python's own http.server with a handler that sends chunks: http_server.py PORT

As many such handlers do, it leaves protocol_version as it is, which says HTTP/1.0.
"""

import http.server
import sys
import time

import content


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def chunks(self, kind, pieces, pause):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def answer(self):
        path = self.path.partition("?")[0]
        if path == "/stream":
            return self.chunks("text/plain; charset=utf-8", content.PIECES, 0.03)
        if path == "/events":
            return self.chunks("text/event-stream", content.EVENTS, 0.1)
        known = content.simple(path, self.headers.get("Host", ""))
        status, fields, body = known or (
            200, content.text(), content.echo(self.command, self.path, self.body(), self.headers.items()))
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_PROPFIND = answer


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
