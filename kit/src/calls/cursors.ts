import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../definitions/errors.js';
import type { Principal } from '../definitions/principal.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const Place = z.object({ list: z.string(), after: z.string().optional() });

/** Where the next page begins: in this list, after this resource. */
export type Place = z.output<typeof Place>;

/** Seals places into cursors that a client can neither read nor change, nor give to somebody else. */
export class Cursors {
  readonly #key: Uint8Array;

  /** Without a secret there is a new one, so that only this process knows its cursors. */
  constructor(secret?: string) {
    this.#key = secret
      ? new Uint8Array(hkdfSync('sha256', secret, '', 'resources/list', 32))
      : randomBytes(32);
  }

  seal(place: Place, { id }: Principal): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(id));
    const text = Buffer.concat([cipher.update(JSON.stringify(place)), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
  }

  /** @throws {ToolError} `INVALID_CURSOR` when it is not one of this caller's. */
  open(cursor: string, { id }: Principal): Place {
    try {
      const bytes = Buffer.from(cursor, 'base64url');
      const iv = bytes.subarray(0, IV_BYTES);
      const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(id))
        .setAuthTag(tag);
      const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)) + decipher.final('utf8');
      return Place.parse(JSON.parse(text));
    } catch {
      throw invalidCursor();
    }
  }
}

export function invalidCursor(): ToolError {
  return new ToolError('INVALID_CURSOR', 'This cursor is not valid.');
}
