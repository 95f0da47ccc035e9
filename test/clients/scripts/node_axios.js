// SPDX-License-Identifier: Apache-2.0

// Package axios.
'use strict'

const fs = require('fs')
const { answer, headersOf, main, need, pieces } = require('./driver.js')

const axios = need('axios/dist/node/axios.cjs')

main(job => {
  const agents = {
    httpAgent: new (require('http').Agent)({ keepAlive: true }),
    httpsAgent: new (require('https').Agent)({ keepAlive: true, ca: fs.readFileSync(job.ca) })
  }
  return {
    ask: async request => {
      const options = {
        ...agents, method: request.method, url: job.base + request.path, headers: headersOf(request), proxy: false, responseType: 'arraybuffer',
        maxRedirects: request.follow ? 5 : 0, validateStatus: () => true, maxBodyLength: Infinity
      }
      if (request.size >= 0) options.data = request.chunked ? pieces(request.size) : Buffer.alloc(request.size, 'a')
      const r = await axios.request(options)
      return answer(r.request.res.httpVersion, r.status, r.data)
    },
    close: () => { agents.httpAgent.destroy(); agents.httpsAgent.destroy() }
  }
})
