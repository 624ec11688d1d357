import type { ServerEvent } from '@modelcontextprotocol/server';

/** What has changed. `missed`: something has, nobody knows what, because this process was cut off from the others. */
export type Change = ServerEvent | { readonly kind: 'missed' };

/** Where a change has happened: in this process, in another one, or in all of them, each of which notices by itself. */
export type Origin = 'here' | 'elsewhere' | 'everywhere';

type Listener = (change: Change, origin: Origin) => void;

/** Tells whoever listens what has changed. The same change counts once in a turn of the event loop. */
export class Changes {
  readonly #listeners = new Set<Listener>();
  readonly #waiting = new Map<string, ServerEvent>();

  /** What is at `uri` has changed or is gone. */
  resourceUpdated(uri: string): void {
    this.#collect({ kind: 'resource_updated', uri });
  }

  /** There are other resources to list than before. */
  resourcesChanged(): void {
    this.#collect({ kind: 'resources_list_changed' });
  }

  /** Tells `listener` everything from now on. @returns what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells the listeners of this process. */
  deliver(change: Change, origin: Origin = 'everywhere'): void {
    for (const listener of this.#listeners) listener(change, origin);
  }

  /** Tells everyone. */
  protected publish(events: readonly ServerEvent[]): void {
    for (const event of events) this.deliver(event, 'here');
  }

  #collect(event: ServerEvent): void {
    if (this.#waiting.size === 0) setTimeout(() => this.#publishAll());
    this.#waiting.set(JSON.stringify(event), event);
  }

  #publishAll(): void {
    const events = [...this.#waiting.values()];
    this.#waiting.clear();
    this.publish(events);
  }
}
