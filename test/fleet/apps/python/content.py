# SPDX-License-Identifier: Apache-2.0
"""What every Python application of the fleet answers; each server's own interface is in a file beside this one."""

import gzip
import hashlib
import time

LARGE = b"0123456789abcdef" * 20000
GZIP = gzip.compress(b"compressed once\n" * 100, mtime=0)
PIECES = [b"piece %d\n" % n for n in range(5)]
EVENTS = [b"data: %d\n\n" % n for n in range(3)]
FIELDS = [
    ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; HttpOnly"), ("Vary", "Accept, Cookie"),
    ("X-Latin", "caf\xe9"), ("X-Long", "a" * 3000), ("ETag", '"of-the-app"'), ("Content-Language", "de, en"),
    ("Cache-Control", "private, max-age=5"), ("Link", "</style.css>; rel=preload"), ("X-Empty", ""),
]


def text(*fields):
    return [("Content-Type", "text/plain; charset=utf-8"), *fields]


def echo(method, target, content, fields):
    """Says what the application saw. Fields are pairs of text in ISO 8859-1."""
    lines = ["method " + method, "target " + target, "content %d %s" % (len(content), hashlib.sha256(content).hexdigest())]
    lines += ["field %s: %s" % (name.lower(), value) for name, value in fields]
    return ("\n".join(lines) + "\n").encode("latin-1")


def simple(path, host):
    """Returns status, fields and content of an answer that depends on nothing else, or None."""
    if path.startswith("/status/"):
        status = int(path[8:11])
        return (status, [], b"") if status in (204, 304) else (status, text(), b"status %d\n" % status)
    if path == "/redirect":
        return 302, text(("Location", "/elsewhere?x=1")), b"over there\n"
    if path == "/redirect-absolute":
        return 301, text(("Location", "http://" + host + "/elsewhere")), b"over there\n"
    if path == "/fields":
        return 200, text(*FIELDS), b"fields\n"
    if path == "/login":
        return 401, text(("WWW-Authenticate", 'Basic realm="fleet", charset="UTF-8"')), b"who?\n"
    if path == "/large":
        return 200, text(), LARGE
    if path == "/gzip":
        return 200, text(("Content-Encoding", "gzip")), GZIP
    if path == "/empty":
        return 200, text(), b""
    if path == "/refuse":
        return 413, text(), b"too large\n"
    if path == "/slow":
        time.sleep(0.5)
        return 200, text(), b"slow\n"
    return None
