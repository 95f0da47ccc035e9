# SPDX-License-Identifier: Apache-2.0
"""tornado_server.py PORT"""

import asyncio
import sys

import tornado.web

import content


class Handler(tornado.web.RequestHandler):
    SUPPORTED_METHODS = tornado.web.RequestHandler.SUPPORTED_METHODS + ("PROPFIND",)

    async def slowly(self, kind, pieces, pause):
        self.set_header("Content-Type", kind)
        for piece in pieces:
            self.write(piece)
            await self.flush()
            await asyncio.sleep(pause)

    async def answer(self):
        path = self.request.path
        if path == "/stream":
            return await self.slowly("text/plain; charset=utf-8", content.PIECES, 0.03)
        if path == "/events":
            return await self.slowly("text/event-stream", content.EVENTS, 0.1)
        status, fields, body = content.simple(path, self.request.host) or (
            200, content.text(), content.echo(self.request.method, self.request.uri, self.request.body, self.request.headers.get_all()))
        self.set_status(status, None if status < 600 else "Unknown")
        self.clear_header("Content-Type")
        for name, value in fields:
            if name == "Set-Cookie":
                self.add_header(name, value)
            else:
                self.set_header(name, value)
        self.finish(body if body else None)

    get = head = post = put = delete = options = patch = propfind = answer


async def main():
    tornado.web.Application([(".*", Handler)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
