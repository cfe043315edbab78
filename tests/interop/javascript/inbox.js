'use strict'

const {once} = require('events')
const nsq = require('nsqjs')
const {layers} = require('./layers')

/** How long any single wait may take before the scenario fails. */
const PATIENCE_MS = 30000

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Settles as `promise` does, or fails after PATIENCE_MS. */
async function patiently(what, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A Reader whose messages wait, unanswered, for the scenario to take them. Subscribes on construction: to the nsqd at `address`,
 * or, if that is null, to those that `options.lookupdHTTPAddresses` list.
 */
class Inbox {
  constructor(address, topic, channel, options = {}) {
    this.messages = []
    this.wake = () => {}
    this.reader = new nsq.Reader(topic, channel, {
      ...(address === null ? {} : {nsqdTCPAddresses: [address]}),
      maxInFlight: 100,
      lookupdPollInterval: 1, // seconds; also the pause before a reconnect
      ...options,
      ...layers(),
    })
    this.reader.on('message', (message) => {
      this.messages.push(message)
      this.wake()
    })
    this.reader.on('error', (error) => console.error('reader', topic, error)) // a lost connection, among others
    this.reader.connect()
  }

  async next() {
    if (this.messages.length === 0) {
      await patiently('a message', new Promise((resolve) => (this.wake = resolve)))
    }
    return this.messages.shift()
  }

  /** Waits for a message and compares its body and attempts. */
  async expect(body, attempts) {
    const message = await this.next()
    if (message.body.toString() !== body || message.attempts !== attempts) {
      throw new Error(`got ${message.body}, attempt ${message.attempts}; expected ${body}, attempt ${attempts}`)
    }
    return message
  }

  /**
   * Finishes messages until every body has come exactly once.
   * @param expected Map from body, as a latin1 string, to the earliest Date.now() at which it may come
   */
  async drain(expected) {
    const seen = new Set()
    while (seen.size < expected.size) {
      const message = await this.next()
      const body = message.body.toString('latin1')
      const start = JSON.stringify(body.slice(0, 60))
      if (!expected.has(body)) throw new Error(`a body nobody published: ${start}`)
      if (seen.has(body)) throw new Error(`a message came twice: ${start}`)
      if (message.attempts !== 1) throw new Error(`attempts ${message.attempts} on the first delivery of ${start}`)
      if (Date.now() < expected.get(body)) throw new Error(`too early: ${start}`)
      seen.add(body)
      message.finish()
    }
  }

  /** Ends the subscription, after what was answered has been sent. */
  async close() {
    await sleep(0)
    const closed = once(this.reader, 'nsqd_closed')
    this.reader.close()
    await patiently('the end of the connection', closed)
  }
}

module.exports = {Inbox, patiently, sleep, PATIENCE_MS}
