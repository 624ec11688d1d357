import type { Change, Changes } from '../../definitions/changes.js';
import { asText, BOUNDS, type ChangeLog, type LoggedChange, placeIn } from '../change-log.js';

interface Kept extends LoggedChange {
  readonly number: number;
  readonly end: number;
}

/** The changes of this process. */
export class MemoryChangeLog implements ChangeLog {
  readonly #listeners = new Set<(change: LoggedChange) => void>();
  readonly #kept: Kept[] = [];
  #count = 0;

  constructor(
    changes: Pick<Changes, 'listen'>,
    private readonly bounds = BOUNDS,
  ) {
    changes.listen((change) => this.#append(change));
  }

  listen(hear: (change: LoggedChange) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  async newest(): Promise<string> {
    return asText({ log: '', number: this.#count });
  }

  async after(place: string): Promise<readonly LoggedChange[]> {
    this.#prune();
    const number = placeIn(place)?.number ?? -1;
    if (number > this.#count || number < this.#count - this.#kept.length) {
      return [{ at: await this.newest(), change: { kind: 'missed' } }];
    }
    return this.#kept.filter((kept) => kept.number > number);
  }

  #append(change: Change): void {
    this.#count += 1;
    const at = asText({ log: '', number: this.#count });
    const end = performance.now() + this.bounds.maxAgeMs;
    this.#kept.push({ at, change, number: this.#count, end });
    this.#prune();
    for (const hear of this.#listeners) hear({ at, change });
  }

  #prune(): void {
    const now = performance.now();
    const isTooMuch = ({ end }: Kept) => end <= now || this.#kept.length > this.bounds.maxChanges;
    while (this.#kept[0] !== undefined && isTooMuch(this.#kept[0])) this.#kept.shift();
  }
}
