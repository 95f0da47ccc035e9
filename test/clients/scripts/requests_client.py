# SPDX-License-Identifier: Apache-2.0
"""Python's requests."""

import contextlib

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

import driver


def send(s, job, request):
    data = None
    if request["size"] >= 0:
        data = driver.pieces(request["size"]) if request["chunked"] else b"a" * request["size"]
    r = s.request(request["method"], job["base"] + request["path"], headers=dict(request["headers"]), data=data,
                  allow_redirects=request["follow"], verify=job["ca"])
    return driver.answer("1.1" if r.raw.version == 11 else "1.0", r.status_code, r.content)


@contextlib.contextmanager
def session(job):
    with requests.Session() as s:
        yield lambda request: send(s, job, request)


def retry(job):
    with requests.Session() as s:
        s.mount(job["base"], HTTPAdapter(max_retries=Retry(total=3, status_forcelist=[429])))
        for request in job["requests"]:
            line = send(s, job, request)
        return line


driver.main(session, retry=retry)
