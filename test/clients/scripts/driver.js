// SPDX-License-Identifier: Apache-2.0

// What all clients of Node have in common: jobs are read from standard input, outcomes written to standard output.
'use strict'

const crypto = require('crypto')
const fs = require('fs')
const path = require('path')
const readline = require('readline')
const { Readable } = require('stream')

// modules is the folder with the packages of package.json.
const modules = process.env.CLIENTS_NODE_MODULES || ''

// need returns a package of package.json.
const need = name => require(path.join(modules, name))

// text is content of at most 64 bytes as it is, and of more its length and the beginning of its SHA-256.
function text (content) {
  const bytes = Buffer.from(content)
  if (bytes.length <= 64) return bytes.toString().trim()
  return `${bytes.length} bytes ${crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`
}

const answer = (version, status, content) => `${version} ${status} ${text(content)}`.trim()

// pieces is content that comes piece by piece.
function pieces (size) {
  return Readable.from((function * () {
    for (let left = size; left > 0; left -= 65536) yield Buffer.alloc(Math.min(left, 65536), 'a')
  })())
}

async function gathered (stream) {
  const parts = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

const headersOf = request => {
  const fields = {}
  for (const [name, value] of request.headers) fields[name] = name in fields ? [].concat(fields[name], value) : value
  return fields
}

const said = e => {
  const causes = []
  for (let at = e; at; at = at.cause) causes.push(`${at.code || at.name || 'Error'}: ${at.message || at}`)
  return causes.join(' <- ')
}

async function inTurn (job, ask, answers) {
  for (const [i, request] of job.requests.entries()) {
    if (i && job.gap) await pause(job.gap)
    answers.push(await ask(request))
  }
}

// again sends the requests over and over. One that fails is not sent again, as a program without retries would not.
async function again (job, ask, answers) {
  let done = 0
  let failed = 0
  let first
  for (const end = Date.now() + job.seconds * 1000; Date.now() < end;) {
    for (const request of job.requests) {
      done++
      try {
        const line = await ask(request)
        if (!['200', '204', '206', '304'].includes(line.split(' ')[1])) throw new Error('answered ' + line)
      } catch (e) {
        failed++
        first = first || `${request.method} ${request.path} after ${done}: ${said(e)}`
      }
      await pause(job.gap)
    }
  }
  answers.push(`${done} requests, ${failed} failed`)
  if (first) throw new Error(first)
}

// main reads jobs. session returns what asks one request and what closes the session. others are further operations.
async function main (session, others = {}) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const job = JSON.parse(line)
    const answers = []
    let error = ''
    try {
      if (others[job.op]) {
        answers.push(await others[job.op](job))
      } else {
        const { ask, close } = await session(job)
        try {
          await { requests: inTurn, loop: again }[job.op](job, ask, answers)
        } finally {
          await close()
        }
      }
    } catch (e) {
      error = said(e)
    }
    fs.writeSync(1, JSON.stringify({ answers, error }) + '\n')
  }
}

module.exports = { answer, gathered, headersOf, main, modules, need, pause, pieces, text }
