// SPDX-License-Identifier: Apache-2.0
// express.js PORT
'use strict';

const { Readable } = require('node:stream');
const express = require('express');
const { echo, pieces, read, simple, slow, text } = require('./content');

const app = express();
app.use(async (request, response) => {
  if (slow[request.path]) {
    response.type(slow[request.path].kind);
    Readable.from(pieces(request.path)).pipe(response);
    return;
  }
  const [status, fields, content] = await simple(request.path, request.headers.host) ??
    [200, text, echo(request.method, request.originalUrl, await read(request), request.rawHeaders)];
  response.status(status).set(fields).send(Buffer.from(content));
});
app.listen(Number(process.argv[2]), '127.0.0.1');
