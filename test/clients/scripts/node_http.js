// SPDX-License-Identifier: Apache-2.0

// Node's http and https.
'use strict'

const fs = require('fs')
const { answer, gathered, headersOf, main, pieces } = require('./driver.js')

function send (job, agent, request, after) {
  const secure = job.transport === 'https'
  return new Promise((resolve, reject) => {
    const headers = headersOf(request)
    if (request.size >= 0 && !request.chunked) headers['content-length'] = request.size
    if (request.expect) headers.expect = '100-continue'
    const r = require(secure ? 'https' : 'http').request(job.base + request.path,
      { method: request.method, headers, agent, ca: secure ? fs.readFileSync(job.ca) : undefined })
    r.on('error', reject)
    r.on('response', async response => {
      try {
        resolve(answer(response.httpVersion, response.statusCode, await gathered(response)))
      } catch (e) {
        reject(e)
      }
    })
    if (request.size < 0) {
      r.end(after && (() => r.socket.end()))
    } else if (request.expect) {
      r.on('continue', () => pieces(request.size).pipe(r))
      r.flushHeaders()
    } else {
      pieces(request.size).pipe(r)
    }
  })
}

main(job => {
  const agent = new (require(job.transport === 'https' ? 'https' : 'http').Agent)({ keepAlive: true })
  return { ask: request => send(job, agent, request), close: () => agent.destroy() }
}, { halfclose: job => send(job, false, job.requests[0], true) })
