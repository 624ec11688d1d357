import { Writable } from 'node:stream';

/**
 * stdout carries the protocol and nothing else. This module must be the first import: from then on whatever the program
 * or a dependency prints goes to stderr.
 */
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

/** The real stdout, for the transport alone. */
export const protocolOutput = new Writable({
  write(chunk, encoding, done) {
    write(chunk, encoding, done);
  },
});
