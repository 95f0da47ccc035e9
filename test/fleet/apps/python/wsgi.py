# SPDX-License-Identifier: Apache-2.0
"""The application for servers that speak WSGI."""

import http
import os
import time

import content


def phrase(status):
    try:
        return "%d %s" % (status, http.HTTPStatus(status).phrase)
    except ValueError:
        return "%d Unknown" % status


def slowly(pieces, pause):
    for piece in pieces:
        yield piece
        time.sleep(pause)


def application(environ, start_response):
    path = environ.get("PATH_INFO", "")
    known = content.simple(path, environ.get("HTTP_HOST", ""))
    if known:
        status, fields, body = known
        length = [] if status in (204, 304) else [("Content-Length", str(len(body)))]
        start_response(phrase(status), fields + length)
        return [body]
    if path == "/stream":
        start_response("200 OK", content.text())
        return slowly(content.PIECES, 0.03)
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return slowly(content.EVENTS, 0.1)
    # Where there is no length, a server that takes chunks says that its input ends.
    length = environ.get("CONTENT_LENGTH")
    if length:
        got = environ["wsgi.input"].read(int(length))
    elif environ.get("wsgi.input_terminated") or os.environ.get("FLEET_READS_CHUNKS"):
        got = environ["wsgi.input"].read()
    else:
        got = b""
    fields = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            fields.append((name.replace("_", "-"), environ[name]))
    target = path + ("?" + environ["QUERY_STRING"] if environ.get("QUERY_STRING") else "")
    body = content.echo(environ["REQUEST_METHOD"], target, got, fields)
    start_response("200 OK", content.text(("Content-Length", str(len(body)))))
    return [body]
