# SPDX-License-Identifier: Apache-2.0
"""The application for servers that speak ASGI."""

import asyncio

import content


def latin(pairs):
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    path = scope["path"]
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]

    async def answer(status, names, body):
        if status not in (204, 304):
            names = names + [("Content-Length", str(len(body)))]
        await send({"type": "http.response.start", "status": status, "headers": latin(names)})
        await send({"type": "http.response.body", "body": body})

    async def slowly(kind, pieces, pause):
        await send({"type": "http.response.start", "status": 200, "headers": latin([("Content-Type", kind)])})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": b""})

    known = content.simple(path, dict(fields).get("host", ""))
    if known:
        return await answer(*known)
    if path == "/stream":
        return await slowly("text/plain; charset=utf-8", content.PIECES, 0.03)
    if path == "/events":
        return await slowly("text/event-stream", content.EVENTS, 0.1)
    got, more = b"", True
    while more:
        message = await receive()
        got += message.get("body", b"")
        more = message.get("more_body", False)
    target = scope.get("raw_path", path.encode()).decode("latin-1")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    await answer(200, content.text(), content.echo(scope["method"], target, got, fields))
