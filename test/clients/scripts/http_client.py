# SPDX-License-Identifier: Apache-2.0
"""Python's http.client."""

import contextlib
import http.client
import socket
import ssl
from urllib.parse import urlsplit

import driver


def connection(job):
    at = urlsplit(job["base"])
    if job["transport"] == "https":
        return http.client.HTTPSConnection(at.hostname, at.port, context=ssl.create_default_context(cafile=job["ca"]))
    return http.client.HTTPConnection(at.hostname, at.port)


def send(c, request):
    headers = dict(request["headers"])
    body = None
    if request["size"] >= 0:
        body = driver.pieces(request["size"]) if request["chunked"] else b"a" * request["size"]
    c.request(request["method"], request["path"], body=body, headers=headers, encode_chunked=request["chunked"])


@contextlib.contextmanager
def session(job):
    c = connection(job)

    def ask(request):
        try:
            send(c, request)
            r = c.getresponse()
            return driver.answer("1.1" if r.version == 11 else "1.0", r.status, r.read())
        except Exception:
            c.close()
            raise

    try:
        yield ask
    finally:
        c.close()


def halfclose(job):
    c = connection(job)
    send(c, job["requests"][0])
    c.sock.shutdown(socket.SHUT_WR)
    r = c.getresponse()
    return driver.answer("1.1", r.status, r.read())


driver.main(session, halfclose=halfclose)
