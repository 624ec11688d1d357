import { randomBytes } from 'node:crypto';
import type { RequestStateCodec, ServerContext } from '@modelcontextprotocol/server';

/** How long a client may take from a question to its answer. */
export const VALID_SECONDS = 600;

/** What a call knows at the end of a round. */
export interface Kept {
  /** The client's responses so far, by the key of their question. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The keys of the questions that are open. */
  readonly asked: readonly string[];
  /**
   * Whether a call with these arguments, by hash, has been approved or only asked about, and in which set it is remembered that
   * this was used.
   */
  readonly approval?: { readonly call: string; readonly approved: boolean; readonly set: string };
}

/** What a client keeps between two rounds of a call. It can read this, but not change it. */
export interface RoundState extends Kept {
  readonly id: string;
  /** Whose call it is, of what and with which arguments: a hash. */
  readonly call: string;
}

/** Signs what clients keep. Without a secret there is a new one, so that only this process knows its states. */
export class RoundStates {
  readonly #key: string | Uint8Array;
  #codec: Promise<RequestStateCodec<RoundState>> | undefined;

  constructor(secret?: string) {
    this.#key = secret ?? randomBytes(32);
  }

  async sign(state: RoundState): Promise<string> {
    const codec = await this.#open();
    return await codec.mint(state);
  }

  /** @throws when a state is not ours, was changed or is too old; the client gets -32602. */
  async verify(text: string, sdk: ServerContext): Promise<RoundState> {
    const codec = await this.#open();
    return await codec.verify(text, sdk);
  }

  #open(): Promise<RequestStateCodec<RoundState>> {
    this.#codec ??= import('./ask-library.js').then(({ createRequestStateCodec }) =>
      createRequestStateCodec<RoundState>({ key: this.#key, ttlSeconds: VALID_SECONDS }),
    );
    return this.#codec;
  }
}
