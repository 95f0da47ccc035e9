# SPDX-License-Identifier: Apache-2.0
"""Python's aiohttp."""

import asyncio
import contextlib
import ssl

import aiohttp

import driver


async def pieces(size):
    for piece in driver.pieces(size):
        yield piece


@contextlib.contextmanager
def session(job):
    loop = asyncio.new_event_loop()
    context = ssl.create_default_context(cafile=job["ca"])

    async def start():
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    s = loop.run_until_complete(start())

    async def send(request):
        data = None
        if request["size"] >= 0:
            data = pieces(request["size"]) if request["chunked"] else b"a" * request["size"]
        async with s.request(request["method"], job["base"] + request["path"], headers=request["headers"], data=data,
                             allow_redirects=request["follow"], expect100=request["expect"]) as r:
            return driver.answer("%d.%d" % r.version, r.status, await r.read())

    try:
        yield lambda request: loop.run_until_complete(send(request))
    finally:
        loop.run_until_complete(s.close())
        loop.close()


def websocket(job):
    async def talk():
        async with aiohttp.ClientSession() as s:
            context = ssl.create_default_context(cafile=job["ca"])
            async with s.ws_connect(job["base"] + job["requests"][0]["path"], ssl=context, protocols=["echo"]) as w:
                await w.send_str("hello")
                said = await w.receive_str()
                await w.send_bytes(b"a" * 102400)
                much = await w.receive_bytes()
                await w.ping()
                await w.close(code=1000)
                return "%s, %d bytes, closed %d, protocol %s" % (said, len(much), w.close_code, w.protocol)
    return asyncio.run(talk())


driver.main(session, websocket=websocket)
