/** Bounds how many things may go on for one client at the same time. */
export class Concurrency {
  readonly #underWay = new Map<string, number>();

  constructor(private readonly max: number) {}

  /** Begins one more. @returns what ends it, or `undefined` when it would be one too many. */
  begin(client: string): (() => void) | undefined {
    const others = this.#underWay.get(client) ?? 0;
    if (others >= this.max) return undefined;
    this.#underWay.set(client, others + 1);
    return () => {
      const left = (this.#underWay.get(client) ?? 1) - 1;
      if (left > 0) this.#underWay.set(client, left);
      else this.#underWay.delete(client);
    };
  }
}
