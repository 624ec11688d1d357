import { randomBytes, randomUUID } from 'node:crypto';
import { createRequestStateCodec, type ServerContext } from '@modelcontextprotocol/server';
import type { UsedIds } from './used-ids.js';

const VALID_SECONDS = 300;

/** What a client keeps between a question and its answer. It can read this, but not change it. */
export interface State {
  readonly id: string;
  /** What the question was about. */
  readonly call: string;
  readonly approved: boolean;
}

/** Signs states, and takes each of them back once, within five minutes. */
export class OneTimeState {
  readonly #codec;

  /** Without a secret there is a new one, so that only this process knows its states. */
  constructor(
    secret: string | undefined,
    private readonly used: UsedIds,
  ) {
    const key = secret ?? randomBytes(32);
    this.#codec = createRequestStateCodec<State>({ key, ttlSeconds: VALID_SECONDS });
  }

  async sign(call: string, approved: boolean): Promise<string> {
    return await this.#codec.mint({ id: randomUUID(), call, approved });
  }

  /** The state that came back with a request, if it is about `call`. */
  async redeem(sdk: ServerContext, call: string): Promise<State | undefined> {
    const text = sdk.mcpReq.requestState<string>();
    if (text === undefined) return undefined;
    const state = await this.#codec.verify(text, sdk).catch(() => undefined);
    if (state?.call !== call) return undefined;
    return (await this.used.use(state.id, VALID_SECONDS)) ? state : undefined;
  }
}
