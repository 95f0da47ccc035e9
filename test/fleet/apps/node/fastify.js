// SPDX-License-Identifier: Apache-2.0
// fastify.js PORT
'use strict';

const { Readable } = require('node:stream');
const { echo, pieces, simple, slow, text } = require('./content');

const app = require('fastify')({ bodyLimit: 64 << 20, exposeHeadRoutes: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, content, done) => done(null, content));
app.addHttpMethod('PROPFIND', { hasBody: true });
app.route({
  method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'],
  url: '/*',
  async handler(request, reply) {
    const path = request.raw.url.split('?')[0];
    if (slow[path]) {
      return reply.type(slow[path].kind).send(Readable.from(pieces(path)));
    }
    const [status, fields, content] = await simple(path, request.headers.host) ??
      [200, text, echo(request.method, request.raw.url, request.body ?? Buffer.alloc(0), request.raw.rawHeaders)];
    return reply.code(status).headers(fields).send(Buffer.from(content));
  },
});
app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
