'use strict'

const fs = require('fs')
const https = require('https')

/** What every connection is to be layered with, as the runner's environment says: options for nsqjs. */
function layers() {
  const options = {}
  for (const layer of (process.env.INTEROP_LAYERS || '').split(' ').filter(Boolean)) {
    if (layer === 'auth') {
      options.authSecret = process.env.INTEROP_SECRET
      continue
    }
    options[layer] = true
    // nsqjs takes no authority: NODE_EXTRA_CA_CERTS has it, and the certificate's name is 127.0.0.1.
    if (layer === 'tls') Object.assign(options, {tlsVerification: true}, certificate())
  }
  return options
}

/** The client's certificate and key, if it has one; also what a nsqlookupd that is asked over https is shown. */
function certificate() {
  if (!process.env.INTEROP_CERT) return {}
  const files = {cert: fs.readFileSync(process.env.INTEROP_CERT), key: fs.readFileSync(process.env.INTEROP_KEY)}
  Object.assign(https.globalAgent.options, files)
  return files
}

module.exports = {layers}
