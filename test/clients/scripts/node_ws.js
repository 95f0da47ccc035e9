// SPDX-License-Identifier: Apache-2.0

// Package ws.
'use strict'

const fs = require('fs')
const { headersOf, main, need } = require('./driver.js')
const { talk } = require('./talk.js')

main(null, {
  websocket: job => talk(new (need('ws'))(job.base.replace('http', 'ws') + job.requests[0].path, ['echo'],
    { ca: fs.readFileSync(job.ca), headers: headersOf(job.requests[0]) }))
})
