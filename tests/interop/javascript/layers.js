'use strict'

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
    if (layer === 'tls') options.tlsVerification = true
  }
  return options
}

module.exports = {layers}
