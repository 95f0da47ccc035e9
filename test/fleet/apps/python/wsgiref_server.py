# SPDX-License-Identifier: Apache-2.0
"""Python's own WSGI server: wsgiref_server.py PORT"""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import wsgi


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server("127.0.0.1", int(sys.argv[1]), wsgi.application, handler_class=Quiet).serve_forever()
