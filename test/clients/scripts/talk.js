// SPDX-License-Identifier: Apache-2.0

// What a WebSocket of package ws says: a text, 100 KiB, a ping, and an end.
'use strict'

module.exports.talk = (socket, protocol) => new Promise((resolve, reject) => {
  const heard = []
  socket.on('error', reject)
  socket.on('message', (data, binary) => {
    heard.push(binary ? `${data.length} bytes` : data.toString())
    if (heard.length === 1) socket.send(Buffer.alloc(102400, 'a'))
    if (heard.length === 2) socket.ping()
  })
  socket.on('pong', () => socket.close(1000))
  socket.on('close', code => resolve(`${heard.join(', ')}, closed ${code}, protocol ${protocol || socket.protocol}`))
  if (socket.readyState === 1) socket.send('hello')
  else socket.on('open', () => socket.send('hello'))
})
