# SPDX-License-Identifier: Apache-2.0
"""Python's websockets."""

import asyncio
import ssl

import websockets

import driver


def websocket(job):
    async def talk():
        url = job["base"].replace("http", "ws", 1) + job["requests"][0]["path"]
        context = ssl.create_default_context(cafile=job["ca"]) if url.startswith("wss") else None
        async with websockets.connect(url, ssl=context, subprotocols=["echo"], extra_headers=job["requests"][0]["headers"]) as w:
            await w.send("hello")
            said = await w.recv()
            await w.send(b"a" * 102400)
            much = await w.recv()
            await (await w.ping())
            await w.close(1000)
            return "%s, %d bytes, closed %d, protocol %s" % (said, len(much), w.close_code, w.subprotocol)
    return asyncio.run(talk())


driver.main(None, websocket=websocket)
