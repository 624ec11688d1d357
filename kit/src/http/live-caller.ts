import type { Principal } from '../definitions/principal.js';
import type { Authenticate } from './authenticator.js';

/** How often the credentials behind a stream are looked at again, in milliseconds. */
const LOOK_MS = 60_000;

/** The caller behind a stream that stays open: what it may do changes, and its credentials end. */
export class LiveCaller {
  readonly #look: NodeJS.Timeout;

  /** @param onEnd is called when the credentials do not count any more, or are somebody else's */
  constructor(
    private now: Principal,
    authenticate: Authenticate,
    onEnd: () => void,
  ) {
    this.#look = setInterval(async () => {
      const caller = await authenticate().catch(() => undefined);
      if (caller && 'principal' in caller && caller.principal.id === now.id) {
        this.now = caller.principal;
      } else {
        onEnd();
      }
    }, LOOK_MS).unref();
  }

  /** Who that is now. */
  get principal(): Principal {
    return this.now;
  }

  /** The stream is over. */
  forget(): void {
    clearInterval(this.#look);
  }
}
