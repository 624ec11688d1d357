import * as z from 'zod/v4';
import { ToolError } from '../definitions/errors.js';
import type { Principal } from '../definitions/principal.js';
import type { Host, Sealer } from '../host/host.js';

const Place = z.object({ list: z.string(), after: z.string().optional() });

/** Where the next page begins: in this list, after this resource. */
export type Place = z.output<typeof Place>;

/** Seals places into cursors that a client can neither read nor change, nor give to somebody else. */
export class Cursors {
  readonly #sealer: Sealer;

  /** Without a secret there is a new one, so that only this process knows its cursors. */
  constructor(host: Host, secret?: string) {
    this.#sealer = host.sealer(secret, 'resources/list');
  }

  seal(place: Place, { id }: Principal): string {
    return this.#sealer.seal(JSON.stringify(place), id);
  }

  /** @throws {ToolError} `INVALID_CURSOR` when it is not one of this caller's. */
  open(cursor: string, { id }: Principal): Place {
    try {
      return Place.parse(JSON.parse(this.#sealer.open(cursor, id)));
    } catch {
      throw invalidCursor();
    }
  }
}

export function invalidCursor(): ToolError {
  return new ToolError('INVALID_CURSOR', 'This cursor is not valid.');
}
