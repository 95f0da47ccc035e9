// SPDX-License-Identifier: Apache-2.0
// What every Node application of the fleet answers.
'use strict';

const crypto = require('node:crypto');
const zlib = require('node:zlib');

const text = { 'Content-Type': 'text/plain; charset=utf-8' };
const large = '0123456789abcdef'.repeat(20000);
const gzip = zlib.gzipSync('compressed once\n'.repeat(100));

const slow = {
  '/stream': { kind: text['Content-Type'], pause: 30, pieces: [0, 1, 2, 3, 4].map((n) => `piece ${n}\n`) },
  '/events': { kind: 'text/event-stream', pause: 100, pieces: [0, 1, 2].map((n) => `data: ${n}\n\n`) },
};

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// pieces gives those of a slow answer one by one.
async function* pieces(path) {
  for (const piece of slow[path].pieces) {
    yield piece;
    await wait(slow[path].pause);
  }
}

// echo says what the application saw. Fields are as Node has them raw: names and values in turn.
function echo(method, target, content, raw) {
  const hash = crypto.createHash('sha256').update(content).digest('hex');
  const lines = [`method ${method}`, `target ${target}`, `content ${content.length} ${hash}`];
  for (let i = 0; i < raw.length; i += 2) {
    lines.push(`field ${raw[i].toLowerCase()}: ${raw[i + 1]}`);
  }
  return Buffer.from(lines.join('\n') + '\n', 'latin1');
}

// simple returns status, fields and content of an answer that depends on nothing else, or nothing.
async function simple(path, host) {
  const status = /^\/status\/(\d+)$/.exec(path);
  if (status) {
    const code = Number(status[1]);
    return code === 204 || code === 304 ? [code, {}, ''] : [code, text, `status ${code}\n`];
  }
  switch (path) {
    case '/redirect': return [302, { ...text, Location: '/elsewhere?x=1' }, 'over there\n'];
    case '/redirect-absolute': return [301, { ...text, Location: `http://${host}/elsewhere` }, 'over there\n'];
    case '/fields': return [200, {
      ...text,
      'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'], Vary: 'Accept, Cookie', 'X-Latin': 'caf\xe9', 'X-Long': 'a'.repeat(3000),
      ETag: '"of-the-app"', 'Content-Language': 'de, en', 'Cache-Control': 'private, max-age=5',
      Link: '</style.css>; rel=preload', 'X-Empty': '',
    }, 'fields\n'];
    case '/login': return [401, { ...text, 'WWW-Authenticate': 'Basic realm="fleet", charset="UTF-8"' }, 'who?\n'];
    case '/large': return [200, text, large];
    case '/gzip': return [200, { ...text, 'Content-Encoding': 'gzip' }, gzip];
    case '/empty': return [200, text, ''];
    case '/refuse': return [413, text, 'too large\n'];
    case '/slow': await wait(500); return [200, text, 'slow\n'];
    default: return undefined;
  }
}

async function read(stream) {
  const got = [];
  for await (const piece of stream) got.push(piece);
  return Buffer.concat(got);
}

module.exports = { echo, pieces, read, simple, slow, text };
