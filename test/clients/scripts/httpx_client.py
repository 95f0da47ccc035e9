# SPDX-License-Identifier: Apache-2.0
"""Python's httpx, over HTTP/1.1 and over HTTP/2."""

import contextlib

import httpx

import driver


@contextlib.contextmanager
def session(job):
    with httpx.Client(http2=job["transport"] == "h2", verify=job["ca"], timeout=30) as c:
        def ask(request):
            content = None
            if request["size"] >= 0:
                content = driver.pieces(request["size"]) if request["chunked"] else b"a" * request["size"]
            r = c.request(request["method"], job["base"] + request["path"], headers=request["headers"], content=content,
                          follow_redirects=request["follow"])
            return driver.answer(r.http_version.removeprefix("HTTP/"), r.status_code, r.content)
        yield ask


driver.main(session)
