// What every language's client does with the server; ../README.md lists it.
'use strict'

const {Inbox, sleep} = require('./inbox')
const {Producer} = require('./producer')

const CHANNEL = 'javascript'
const ODD_BODIES = [
  Buffer.from(Array.from({length: 256}, (_, i) => i)),
  Buffer.from('0123456789abcdef'.repeat(32 * 1024)),
  Buffer.from('grüße ☃'),
  Buffer.from([0]),
]

async function publish(runner, address, topic) {
  const producer = new Producer(address)
  const inbox = new Inbox(address, topic, CHANNEL)
  const expected = new Map()
  const expect = (body, due = 0) => expected.set(body.toString('latin1'), due)

  const singles = Array.from({length: 300}, (_, i) => Buffer.from(`single ${i}`))
  for (const body of [...singles, ...ODD_BODIES]) {
    expect(body)
    await producer.publish(topic, body)
  }
  const batch = Array.from({length: 200}, (_, i) => Buffer.from(`batch ${i}`))
  batch.forEach((body) => expect(body))
  await producer.publish(topic, batch)
  for (let i = 0; i < 20; i++) {
    const body = Buffer.from(`deferred ${i}`)
    const delayMs = 500 + 50 * i
    expect(body, Date.now() + delayMs)
    await producer.defer(topic, body, delayMs)
  }
  await inbox.drain(expected)
  await runner.check(topic, CHANNEL, expected.size, 0, 0)
  producer.close()
  await inbox.close()
}

/** Publishes `body` and subscribes. */
async function oneMessage(address, topic, body, options) {
  const producer = new Producer(address)
  await producer.publish(topic, body)
  producer.close()
  return new Inbox(address, topic, CHANNEL, options)
}

async function requeue(runner, address, topic) {
  const inbox = await oneMessage(address, topic, 'again')
  let message = await inbox.expect('again', 1)
  message.requeue(0, false)
  message = await inbox.expect('again', 2)
  const due = Date.now() + 1000
  message.requeue(1000, false)
  message = await inbox.expect('again', 3)
  if (Date.now() < due) throw new Error('the requeued message came too early')
  message.finish()
  await runner.check(topic, CHANNEL, 1, 2, 0)
  await inbox.close()
}

/** Holds a message for more than twice its timeout. */
async function touch(runner, address, topic) {
  const inbox = await oneMessage(address, topic, 'slow work', {messageTimeout: 2000})
  const message = await inbox.expect('slow work', 1)
  for (let i = 0; i < 12; i++) {
    await sleep(400)
    message.touch()
  }
  message.finish()
  await runner.check(topic, CHANNEL, 1, 0, 0)
  await inbox.close()
}

async function timeout(runner, address, topic) {
  const inbox = await oneMessage(address, topic, 'forgotten', {messageTimeout: 1000})
  await inbox.expect('forgotten', 1)
  const message = await inbox.expect('forgotten', 2)
  message.finish()
  await runner.check(topic, CHANNEL, 1, 0, 1)
  await inbox.close()
}

/** Keeps one writer and one reader while the server goes away and comes back. */
async function restart(runner, address, topic) {
  await liveThroughRestart(runner, new Producer(address), new Inbox(address, topic, CHANNEL), topic)
}

/** The same with a reader that knows only the nsqlookupd, and begins before the topic is there. */
async function discovery(runner, address, topic) {
  const inbox = new Inbox(null, topic, CHANNEL, {lookupdHTTPAddresses: [runner.lookupd]})
  await liveThroughRestart(runner, new Producer(address), inbox, topic)
}

async function liveThroughRestart(runner, producer, inbox, topic) {
  for (const when of ['before', 'after']) {
    const expected = new Map()
    for (let i = 0; i < 100; i++) {
      const body = `${when} ${i}`
      expected.set(body, 0)
      await producer.publish(topic, body)
    }
    await inbox.drain(expected)
    await runner.check(topic, CHANNEL, expected.size, 0, 0)
    if (when === 'before') await runner.ask('RESTART')
  }
  producer.close()
  await inbox.close()
}

module.exports = {scenarios: {publish, requeue, touch, timeout, restart, discovery}}
