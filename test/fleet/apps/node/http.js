// SPDX-License-Identifier: Apache-2.0
// Node's own server: http.js PORT
'use strict';

const http = require('node:http');
const { echo, pieces, read, simple, slow, text } = require('./content');

http.createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  if (slow[path]) {
    response.writeHead(200, { 'Content-Type': slow[path].kind });
    for await (const piece of pieces(path)) response.write(piece);
    response.end();
    return;
  }
  const [status, fields, content] = await simple(path, request.headers.host) ??
    [200, text, echo(request.method, request.url, await read(request), request.rawHeaders)];
  response.writeHead(status, fields);
  response.end(content);
}).listen(Number(process.argv[2]), '127.0.0.1');
