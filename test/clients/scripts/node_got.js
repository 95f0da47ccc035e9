// SPDX-License-Identifier: Apache-2.0

// Package got, over HTTP/1.1 and over HTTP/2. It tries again what it may, unless it is told not to.
'use strict'

const fs = require('fs')
const path = require('path')
const { answer, headersOf, main, modules, need, pieces } = require('./driver.js')

// The package is a module of ECMAScript.
const loaded = import(path.join(modules, 'got/dist/source/index.js'))

async function send (job, agents, retries, request) {
  const { default: got } = await loaded
  const options = {
    method: request.method, headers: headersOf(request), agent: agents, http2: job.transport === 'h2', throwHttpErrors: false,
    followRedirect: request.follow, retry: { limit: retries }, responseType: 'buffer', https: { certificateAuthority: fs.readFileSync(job.ca) }
  }
  if (request.size >= 0) options.body = request.chunked ? pieces(request.size) : Buffer.alloc(request.size, 'a')
  if (['GET', 'HEAD'].includes(request.method)) delete options.body
  const r = await got(job.base + request.path, options)
  return answer(r.httpVersion.replace('2.0', '2'), r.statusCode, r.body)
}

main(job => {
  const keep = { keepAlive: true }
  const agents = { http: new (require('http').Agent)(keep), https: new (require('https').Agent)(keep), http2: new (need('http2-wrapper').Agent)() }
  return { ask: request => send(job, agents, 0, request), close: () => Object.values(agents).forEach(agent => agent.destroy()) }
}, {
  retry: async job => {
    let line
    for (const request of job.requests) line = await send(job, undefined, 2, request)
    return line
  }
})
