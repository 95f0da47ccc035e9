// SPDX-License-Identifier: Apache-2.0
// hapi.js PORT
'use strict';

const { Readable } = require('node:stream');
const Hapi = require('@hapi/hapi');
const { echo, pieces, simple, slow, text } = require('./content');

const server = Hapi.server({ port: Number(process.argv[2]), host: '127.0.0.1' });

async function answer(request, h) {
  const target = request.raw.req.url;
  const path = target.split('?')[0];
  if (slow[path]) {
    return h.response(Readable.from(pieces(path))).type(slow[path].kind);
  }
  const [status, fields, content] = await simple(path, request.headers.host) ??
    [200, text, echo(request.raw.req.method, target, request.payload ?? Buffer.alloc(0), request.raw.req.rawHeaders)];
  const response = h.response(Buffer.from(content)).code(status);
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) response.header(name, one, { append: name === 'Set-Cookie' });
  }
  return response;
}

// A route for GET answers HEAD too, and only the others may have a payload.
server.route({ method: 'GET', path: '/{any*}', handler: answer });
server.route({
  method: '*', path: '/{any*}', handler: answer,
  options: { payload: { parse: false, output: 'data', maxBytes: 64 << 20 } },
});
server.start();
