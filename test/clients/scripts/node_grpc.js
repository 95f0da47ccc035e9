// SPDX-License-Identifier: Apache-2.0

// Package @grpc/grpc-js. Calls have bytes for messages.
'use strict'

const fs = require('fs')
const { main, need } = require('./driver.js')

const grpc = need('@grpc/grpc-js')
const bytes = x => x

main(job => {
  const at = new URL(job.base)
  const credentials = job.transport === 'h2' ? grpc.credentials.createSsl(fs.readFileSync(job.ca)) : grpc.credentials.createInsecure()
  const client = new grpc.Client(at.host, credentials)
  return {
    ask: request => new Promise(resolve => {
      const metadata = new grpc.Metadata()
      for (const [name, value] of request.headers) metadata.add(name, value)
      const parts = []
      const call = client.makeBidiStreamRequest(request.path, bytes, bytes, metadata)
      call.on('data', part => parts.push(part))
      call.on('error', e => resolve(`2 ${grpc.status[e.code]} ${e.details}`))
      call.on('end', () => resolve(`2 200 ${Buffer.concat(parts).length} bytes`))
      for (let left = Math.max(request.size, 0); ; left -= 65536) {
        call.write(Buffer.alloc(Math.min(left, 65536), 'a'))
        if (left <= 65536) break
      }
      call.end()
    }),
    close: () => client.close()
  }
})
