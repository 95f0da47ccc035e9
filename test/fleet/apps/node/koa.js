// SPDX-License-Identifier: Apache-2.0
// koa.js PORT
'use strict';

const { Readable } = require('node:stream');
const Koa = require('koa');
const { echo, pieces, read, simple, slow, text } = require('./content');

const app = new Koa();
app.silent = true;
app.use(async (ctx) => {
  if (slow[ctx.path]) {
    ctx.type = slow[ctx.path].kind;
    ctx.body = Readable.from(pieces(ctx.path));
    return;
  }
  const [status, fields, content] = await simple(ctx.path, ctx.headers.host) ??
    [200, text, echo(ctx.method, ctx.originalUrl, await read(ctx.req), ctx.req.rawHeaders)];
  ctx.status = status;
  ctx.set(fields);
  ctx.body = Buffer.from(content);
  ctx.set(fields);
});
app.listen(Number(process.argv[2]), '127.0.0.1');
