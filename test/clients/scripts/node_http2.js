// SPDX-License-Identifier: Apache-2.0

// Node's http2, over TLS and without it. A WebSocket comes as CONNECT with :protocol.
'use strict'

const fs = require('fs')
const http2 = require('http2')
const { answer, gathered, headersOf, main, pieces } = require('./driver.js')

const connect = job => http2.connect(job.base, { ca: fs.readFileSync(job.ca) })

function send (session, request) {
  return new Promise((resolve, reject) => {
    const headers = { ...headersOf(request), ':method': request.method, ':path': request.path }
    if (request.size >= 0 && !request.chunked) headers['content-length'] = request.size
    if (request.expect) headers.expect = '100-continue'
    const r = session.request(headers, { endStream: request.size < 0 })
    r.on('error', reject)
    r.on('response', async head => {
      try {
        resolve(answer('2', head[':status'], await gathered(r)))
      } catch (e) {
        reject(e)
      }
    })
    // What the answer has is read to its end first.
    r.on('close', () => setImmediate(() => reject(new Error(`the stream ended with code ${r.rstCode} and no answer`))))
    if (request.size < 0) return
    if (request.expect) {
      r.on('continue', () => pieces(request.size).pipe(r))
    } else {
      pieces(request.size).pipe(r)
    }
  })
}

// frame is a message of a WebSocket in one frame. Its mask is 0, so that the content stays as it is.
function frame (opcode, content) {
  const head = Buffer.alloc(content.length < 126 ? 6 : 14)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (content.length < 126 ? content.length : 127)
  if (content.length >= 126) head.writeBigUInt64BE(BigInt(content.length), 2)
  return Buffer.concat([head, content])
}

// talk says on a stream what talk.js says on a socket of package ws, which does not work on every stream.
function talk (stream, protocol) {
  return new Promise((resolve, reject) => {
    const heard = []
    let waiting = Buffer.alloc(0)
    const hear = (opcode, content) => {
      if (opcode === 1) {
        heard.push(content.toString())
        stream.write(frame(2, Buffer.alloc(102400, 'a')))
      } else if (opcode === 2) {
        heard.push(`${content.length} bytes`)
        stream.write(frame(9, Buffer.from('ping')))
      } else if (opcode === 10) {
        stream.write(frame(8, Buffer.from([1000 >> 8, 1000 & 255])))
      } else if (opcode === 8) {
        heard.push(`closed ${content.readUInt16BE(0)}, protocol ${protocol}`)
      }
    }
    stream.on('data', bytes => {
      waiting = Buffer.concat([waiting, bytes])
      for (;;) {
        const length = waiting[1] & 127
        const start = { 126: 4, 127: 10 }[length] || 2
        if (waiting.length < start) return
        const size = length < 126 ? length : length === 126 ? waiting.readUInt16BE(2) : Number(waiting.readBigUInt64BE(2))
        if (waiting.length < start + size) return
        const frame = waiting.subarray(0, start + size)
        waiting = waiting.subarray(start + size)
        hear(frame[0] & 15, frame.subarray(start))
      }
    })
    stream.on('end', () => {
      stream.end()
      resolve(heard.join(', '))
    })
    stream.write(frame(1, Buffer.from('hello')))
  })
}

// A session that was told to go away is left for a new one, as every program with this module has to do by itself.
main(job => {
  let session
  const ask = request => {
    if (!session || session.closed || session.destroyed) {
      session = connect(job)
      const mine = session
      mine.on('error', () => {})
      mine.on('goaway', () => mine.close())
    }
    return send(session, request)
  }
  return { ask, close: () => session && session.destroy() }
}, {
  websocket: job => new Promise((resolve, reject) => {
    const session = connect(job)
    session.on('error', reject)
    session.on('remoteSettings', settings => {
      if (!settings.enableConnectProtocol) {
        session.destroy()
        return reject(new Error('the server does not offer WebSockets over HTTP/2'))
      }
      const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': job.requests[0].path,
        'sec-websocket-version': '13', 'sec-websocket-protocol': 'echo' }, { endStream: false })
      stream.on('error', reject)
      stream.on('response', head => {
        if (head[':status'] !== 200) {
          session.destroy()
          return reject(new Error(`the answer is ${head[':status']}`))
        }
        talk(stream, head['sec-websocket-protocol']).then(resolve, reject).finally(() => session.destroy())
      })
    })
  })
})
