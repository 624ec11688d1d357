import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { inspect } from 'node:util';
import type { Correlation, Host, Sealer } from '../host.js';
import { files } from './files.js';
import { stderr } from './line-writer.js';
import { createLogger } from './logger.js';

/** This machine, as Node.js gives it: its own hashes are native and answer at once. */
export const nodeHost: Host = {
  sha256: (text, encoding) => hash('sha256', text, encoding),
  sha256Bytes: (text) => hash('sha256', text, 'buffer'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
  timingSafeEqual,
  sealer,
  base64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
  inspect: (value) =>
    inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true }),
  requests: new AsyncLocalStorage<Correlation>(),
  createLogger,
  lines: stderr,
  files,
};

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

function sealer(secret: string | undefined, purpose: string): Sealer {
  const key = secret
    ? new Uint8Array(hkdfSync('sha256', secret, '', purpose, 32))
    : randomBytes(32);
  return {
    seal(text, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64url');
      const iv = bytes.subarray(0, IV_BYTES);
      const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(owner))
        .setAuthTag(tag);
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)) + decipher.final('utf8');
    },
  };
}
