// SPDX-License-Identifier: Apache-2.0

// Node's fetch. It trusts what NODE_EXTRA_CA_CERTS names.
'use strict'

const { answer, main, pieces } = require('./driver.js')

main(job => ({
  ask: async request => {
    const options = { method: request.method, headers: request.headers, redirect: request.follow ? 'follow' : 'manual' }
    if (request.size >= 0) {
      options.body = request.chunked ? pieces(request.size) : Buffer.alloc(request.size, 'a')
      options.duplex = 'half'
    }
    const r = await fetch(job.base + request.path, options)
    return answer('?', r.status, await r.arrayBuffer())
  },
  close: () => {}
}))
