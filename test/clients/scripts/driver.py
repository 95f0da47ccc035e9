# SPDX-License-Identifier: Apache-2.0
"""What all Python clients have in common: jobs are read from standard input, outcomes written to standard output."""

import hashlib
import json
import sys
import time


def text(content):
    """Content of at most 64 bytes as it is, of more its length and the beginning of its SHA-256."""
    if isinstance(content, str):
        content = content.encode()
    if len(content) <= 64:
        return content.decode(errors="replace").strip()
    return "%d bytes %s" % (len(content), hashlib.sha256(content).hexdigest()[:8])


def answer(version, status, content):
    return ("%s %d %s" % (version, status, text(content))).strip()


def pieces(size):
    """Content that comes piece by piece, so that no length is known."""
    while size > 0:
        n = min(size, 65536)
        yield b"a" * n
        size -= n


def wants(line):
    """The refused and the redirected are answers too; what is none of this is a failure."""
    parts = line.split(" ", 2)
    return len(parts) > 1 and parts[1] in ("200", "204", "206", "304")


def in_turn(job, ask, answers):
    for i, request in enumerate(job["requests"]):
        if i and job["gap"]:
            time.sleep(job["gap"] / 1000)
        answers.append(ask(request))


def again(job, ask, answers):
    """The requests over and over. A request that fails is not sent again, as a program without retries would not."""
    done, failed, first = 0, 0, ""
    end = time.monotonic() + job["seconds"]
    while time.monotonic() < end:
        for request in job["requests"]:
            done += 1
            try:
                line = ask(request)
                if not wants(line):
                    raise RuntimeError("answered " + line)
            except Exception as e:  # noqa: BLE001
                failed += 1
                first = first or "%s %s after %d: %s: %s" % (request["method"], request["path"], done, type(e).__name__, e)
            time.sleep(job["gap"] / 1000)
    answers.append("%d requests, %d failed" % (done, failed))
    if failed:
        raise RuntimeError(first)


def main(session, **others):
    """session makes a context manager of a job, whose value asks one request. others are further operations."""
    for line in sys.stdin:
        job = json.loads(line)
        answers, error = [], ""
        try:
            if job["op"] in others:
                answers.append(others[job["op"]](job))
            else:
                with session(job) as ask:
                    {"requests": in_turn, "loop": again}[job["op"]](job, ask, answers)
        except Exception as e:  # noqa: BLE001
            error = "%s: %s" % (type(e).__name__, e)
        print(json.dumps({"answers": answers, "error": error}), flush=True)
