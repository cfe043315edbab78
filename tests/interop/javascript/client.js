// The nsqjs side of the interop tests; ../README.md has the conversation with the runner.
'use strict'

const readline = require('readline')
const {Inbox} = require('./inbox')
const {scenarios} = require('./scenarios')

/** The other end of stdin and stdout. `lookupd` is the HTTP address of the nsqlookupd. */
class Runner {
  constructor(lookupd) {
    this.lookupd = lookupd
    this.answers = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]()
  }

  /** Sends a request and waits for its OK. */
  async ask(request) {
    process.stdout.write(request + '\n')
    const {value, done} = await this.answers.next()
    if (done || value.trim() !== 'OK') throw new Error(`${request}: ${done ? 'no answer' : value}`)
  }

  /** Lets the runner compare the channel's counters once nothing is left in it. */
  check(topic, channel, messages, requeues, timeouts) {
    return this.ask(`CHECK ${topic} ${channel} ${messages} ${requeues} ${timeouts}`)
  }
}

async function runScenarios(address, lookupd, prefix) {
  const runner = new Runner(lookupd)
  for (const [name, scenario] of Object.entries(scenarios)) {
    process.stdout.write(`STEP ${name}\n`)
    await scenario(runner, address, `${prefix}_${name}`)
  }
  process.stdout.write('DONE\n')
}

async function readBodies(address, topic, channel, count) {
  const inbox = new Inbox(address, topic, channel)
  const lines = []
  for (let i = 0; i < count; i++) {
    const message = await inbox.next()
    lines.push(message.body, Buffer.from('\n'))
    message.finish()
  }
  await inbox.close()
  await new Promise((resolve) => process.stdout.write(Buffer.concat(lines), resolve))
}

async function main(args) {
  if (args.length === 4 && args[0] === 'scenarios') return runScenarios(args[1], args[2], args[3])
  if (args.length === 5 && args[0] === 'read') return readBodies(args[1], args[2], args[3], Number(args[4]))
  throw new Error('usage: scenarios <address> <nsqlookupd> <prefix> | read <address> <topic> <channel> <count>')
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)
