import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Change } from '../definitions/changes.js';
import { readersOf } from '../protocol/readers.js';
import { OWNER } from './owner.js';

/**
 * Tells a client over its own connection which resources have changed. A client of 2026 asks for that with
 * `subscriptions/listen`, which the transport answers and keeps to; one of 2025 with `resources/subscribe`.
 */
export function pushChanges({ server }: McpServer, services: Services, era: ProtocolEra): void {
  const subscribed = new Set<string>();
  const mayRead = readersOf(services);
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
  }

  async function update(uri: string): Promise<void> {
    if (era === 'legacy' && !subscribed.has(uri)) return;
    if (!mayRead(uri, OWNER)) return;
    await server.sendResourceUpdated({ uri });
  }

  async function tell(change: Change): Promise<void> {
    if (change.kind === 'resource_updated') return await update(change.uri);
    if (change.kind === 'missed') for (const uri of subscribed) await update(uri);
    if (change.kind === 'missed' || change.kind === 'resources_list_changed') {
      await server.sendResourceListChanged();
    }
  }

  const stop = services.changes.listen((change) => {
    tell(change).catch((error) => services.log.debug({ err: error }, 'change not told'));
  });
  const { onclose } = server;
  server.onclose = () => {
    stop();
    onclose?.();
  };
}
