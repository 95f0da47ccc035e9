# SPDX-License-Identifier: Apache-2.0
"""Python's pycurl: libcurl with GnuTLS on Debian."""

import contextlib
import io

import pycurl

import driver


@contextlib.contextmanager
def session(job):
    c = pycurl.Curl()

    def ask(request):
        c.reset()
        got, head = io.BytesIO(), [""]

        def field(line):
            if line.startswith(b"HTTP/"):
                head[0] = line.decode().split()[0].removeprefix("HTTP/")

        c.setopt(c.URL, job["base"] + request["path"])
        c.setopt(c.CAINFO, job["ca"])
        c.setopt(c.WRITEDATA, got)
        c.setopt(c.HEADERFUNCTION, field)
        c.setopt(c.FOLLOWLOCATION, request["follow"])
        c.setopt(c.HTTP_VERSION, {"h2": c.CURL_HTTP_VERSION_2TLS, "h2c": c.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE}.get(
            job["transport"], c.CURL_HTTP_VERSION_1_1))
        headers = ["%s: %s" % tuple(h) for h in request["headers"]]
        headers.append("Expect: 100-continue" if request["expect"] else "Expect:")
        if request["size"] >= 0:
            c.setopt(c.UPLOAD, 1)
            c.setopt(c.READDATA, io.BytesIO(b"a" * request["size"]))
            if request["chunked"]:
                if job["transport"] in ("http", "https"):
                    headers.append("Transfer-Encoding: chunked")
            else:
                c.setopt(c.INFILESIZE_LARGE, request["size"])
        if request["method"] == "HEAD":
            c.setopt(c.NOBODY, 1)
        c.setopt(c.CUSTOMREQUEST, request["method"])
        c.setopt(c.HTTPHEADER, headers)
        c.perform()
        return driver.answer(head[0].rstrip("0").rstrip(".") if head[0] == "2.0" else head[0], c.getinfo(c.RESPONSE_CODE), got.getvalue())

    try:
        yield ask
    finally:
        c.close()


driver.main(session)
