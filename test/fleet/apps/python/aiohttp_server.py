# SPDX-License-Identifier: Apache-2.0
"""aiohttp_server.py PORT"""

import asyncio
import sys

from aiohttp import web

import content


async def slowly(request, kind, pieces, pause):
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
        await asyncio.sleep(pause)
    await response.write_eof()
    return response


async def answer(request):
    path = request.path
    if path == "/stream":
        return await slowly(request, "text/plain; charset=utf-8", content.PIECES, 0.03)
    if path == "/events":
        return await slowly(request, "text/event-stream", content.EVENTS, 0.1)
    known = content.simple(path, request.host)
    if not known:
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        known = 200, content.text(), content.echo(request.method, request.raw_path, await request.read(), fields)
    status, fields, body = known
    response = web.Response(status=status, body=body)
    response.headers.popall("Content-Type", None)
    for name, value in fields:
        response.headers.add(name, value)
    return response


app = web.Application(client_max_size=64 << 20)
app.router.add_route("*", "/{any:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
