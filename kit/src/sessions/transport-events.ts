import type { EventStore as TransportEvents } from '@modelcontextprotocol/server';
import { answeredBy } from './request-server.js';
import type { SessionState } from './session-state.js';

/**
 * Keeps what is said on the one stream of an SDK transport. A call is over with its answer, before the client has it: it may
 * send the next one under the same id to another process.
 * @param onStored is called when there is something new on the stream
 */
export function transportEvents(
  { events, store }: SessionState,
  session: string,
  stream: string,
  onStored: () => void,
): TransportEvents {
  return {
    async storeEvent(_, message) {
      const answered = answeredBy(message);
      const [id] = await Promise.all([
        events.append(session, stream, message),
        answered !== undefined && store.endCalls(session, stream, [answered]),
      ]);
      onStored();
      return id;
    },
    async replayEventsAfter() {
      throw new Error('Streams are taken up again elsewhere.');
    },
  };
}
