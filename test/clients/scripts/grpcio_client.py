# SPDX-License-Identifier: Apache-2.0
"""Python's grpcio. Calls have bytes for messages."""

import contextlib
from urllib.parse import urlsplit

import grpc

import driver


@contextlib.contextmanager
def session(job):
    at = urlsplit(job["base"]).netloc
    if job["transport"] == "h2":
        with open(job["ca"], "rb") as f:
            channel = grpc.secure_channel(at, grpc.ssl_channel_credentials(f.read()))
    else:
        channel = grpc.insecure_channel(at)
    with channel:
        def ask(request):
            try:
                messages = driver.pieces(request["size"]) if request["size"] > 0 else [b""]
                got = channel.stream_stream(request["path"])(iter(messages), metadata=[tuple(h) for h in request["headers"]])
                return "2 200 %d bytes" % sum(len(m) for m in got)
            except grpc.RpcError as e:
                return "2 %s %s" % (e.code().name, e.details())
        yield ask


driver.main(session)
