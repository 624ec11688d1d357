import { type ChangeLog, isAfter, type LoggedChange } from './change-log.js';

/** Reads a log of changes, each of them once and in order: what is in it already, then what comes. */
export class ChangeReader {
  readonly #stop: () => void;
  /** What comes while the beginning is looked up. */
  #waiting: LoggedChange[] | undefined = [];
  #last = '';

  constructor(
    private readonly log: ChangeLog,
    private readonly tell: (change: LoggedChange) => void,
  ) {
    this.#stop = log.listen((change) => {
      if (this.#waiting === undefined) this.#hear(change);
      else this.#waiting.push(change);
    });
  }

  /** Where it is: all before that was read, or is of no concern. */
  get place(): string {
    return this.#last;
  }

  /** Begins after `place`, or now. @param ready is called before it tells anything. */
  async begin(place: string | undefined, ready: () => void = () => {}): Promise<void> {
    const begins = place ?? (await this.log.newest());
    const missed = place === undefined ? [] : await this.log.after(place);
    this.#last = begins;
    ready();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const change of [...missed, ...waiting]) this.#hear(change);
  }

  end(): void {
    this.#stop();
  }

  #hear(change: LoggedChange): void {
    if (change.at !== undefined) {
      if (!isAfter(change.at, this.#last)) return;
      this.#last = change.at;
    }
    this.tell(change);
  }
}
