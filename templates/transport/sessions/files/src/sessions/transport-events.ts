import type { EventStore as TransportEvents } from '@modelcontextprotocol/server';
import type { EventStore } from './event-store.js';

/** The events of one session in the form that the SDK's transport wants. */
export function transportEvents(store: EventStore, session: string): TransportEvents {
  return {
    storeEvent: (stream, message) => store.append(session, stream, message),
    getStreamIdForEventId: (event) => store.streamOf(session, event),
    async replayEventsAfter(event, { send }) {
      const stream = await store.streamOf(session, event);
      if (stream === undefined) throw new Error('This event is not kept any more.');
      for (const { id, message } of await store.after(session, event)) await send(id, message);
      return stream;
    },
  };
}
