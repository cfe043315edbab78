'use strict'

const nsq = require('nsqjs')
const {layers} = require('./layers')
const {patiently, sleep, PATIENCE_MS} = require('./inbox')

/** A Writer with awaitable publishing, which connects again whenever its connection is lost, as nsqjs leaves to its user. */
class Producer {
  constructor(address) {
    const [host, port] = address.split(':')
    this.closing = false
    this.writer = new nsq.Writer(host, Number(port), layers())
    this.writer.on('error', (error) => console.error('writer', error))
    this.writer.on('closed', () => {
      if (!this.closing) setTimeout(() => this.writer.connect(), 100)
    })
    this.writer.connect()
  }

  publish(topic, body) {
    return this.send((answered) => this.writer.publish(topic, body, answered))
  }

  defer(topic, body, delayMs) {
    return this.send((answered) => this.writer.deferPublish(topic, [body], delayMs, answered))
  }

  /** Publishes once the connection is ready; tries again where it broke meanwhile. */
  async send(command) {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      while (!this.writer.ready && Date.now() < deadline) await sleep(10)
      try {
        await patiently('the answer to a publish', new Promise((resolve, reject) =>
          command((error) => (error ? reject(error) : resolve()))))
        return
      } catch (error) {
        if (Date.now() >= deadline) throw error
        await sleep(50)
      }
    }
  }

  close() {
    this.closing = true
    this.writer.close()
  }
}

module.exports = {Producer}
