import { MemoryNonceStore } from '../calls/nonces.js';
import { Changes } from '../definitions/changes.js';
import { TokenBuckets } from '../limits/call-limits.js';
import type { SharedState } from '../parts.js';

/** The state of one process, which shares nothing with others. */
export function memoryState(): SharedState {
  return {
    changes: new Changes(),
    limiter: new TokenBuckets(),
    nonces: new MemoryNonceStore(),
    close() {},
  };
}
