import type * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';
import type { SettingsOf, SettingsShape } from '../definitions/settings.js';
import type { Part, PartEnv } from '../parts.js';
import { checked, forCaller, optionsOf, orAborted, unanswered } from './store.js';
import { notStorable } from './text.js';

export interface ReadOptions<Value = unknown> {
  /** Nobody waits any longer when this is aborted: pass on the `signal` of the call. */
  readonly signal?: AbortSignal | undefined;
  /** Checks each value, and says what type it has. */
  readonly value?: z.ZodType<Value> | undefined;
}

/** What a key has to be for a change to be made: not there, there, or as it was when its version was read. */
export type Condition = 'absent' | 'present' | { readonly version: string };

export interface SetOptions {
  readonly signal?: AbortSignal | undefined;
  /** The value is gone after this time (milliseconds). */
  readonly ttlMs?: number | undefined;
  readonly only?: Condition | undefined;
}

/** A value, and a version that is another one after each change. */
export interface Entry<Value> {
  readonly value: Value;
  readonly version: string;
}

/** A member of an index. Members are in the order of their scores, those with the same score in the order of their bytes. */
export interface Ranked {
  readonly member: string;
  readonly score: number;
}

export interface RangeOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many members at the most; by default 100. */
  readonly limit?: number;
  /** The last member of the page before. It may have gone since. */
  readonly after?: Ranked | undefined;
  /** From the highest score to the lowest. */
  readonly descending?: boolean;
  /** Only scores from here on. */
  readonly min?: number;
  /** Only scores up to here. */
  readonly max?: number;
}

/** One of the changes that are made together. */
export type Write =
  | {
      readonly set: string;
      readonly value: unknown;
      readonly ttlMs?: number | undefined;
      readonly only?: Condition | undefined;
    }
  | { readonly delete: string; readonly only?: Condition | undefined }
  /** Changes nothing, but has to hold for the other changes. */
  | { readonly check: string; readonly only: Condition }
  | {
      readonly increment: string;
      readonly by?: number | undefined;
      readonly ttlMs?: number | undefined;
    }
  | { readonly index: string; readonly add: string; readonly score: number }
  | { readonly index: string; readonly remove: string };

/**
 * Values by key, counters and ordered indexes; each kind has keys of its own. A value is whatever JSON can say. All methods throw
 * `ToolError`s that say when the same may work later.
 */
export interface KeyValueStore {
  /** The value, or `undefined`. @throws {ToolError} `STORE_UNAVAILABLE` when it may work later. */
  get<Value>(key: string, options?: AbortSignal | ReadOptions<Value>): Promise<Value | undefined>;
  /** The value with its version, for a change that is made only if nobody else has made one since. */
  entry<Value>(
    key: string,
    options?: AbortSignal | ReadOptions<Value>,
  ): Promise<Entry<Value> | undefined>;
  /** The values of many keys, in their order: read in one step, `undefined` for those that are not there. */
  getMany<Value>(
    keys: readonly string[],
    options?: AbortSignal | ReadOptions<Value>,
  ): Promise<(Value | undefined)[]>;
  /**
   * Keeps a value, and returns its version.
   * @throws {ToolError} `CONFLICT` when the condition does not hold
   */
  set(key: string, value: unknown, options?: AbortSignal | SetOptions): Promise<string>;
  /** Whether there was a value. @throws {ToolError} `CONFLICT` when the condition does not hold */
  delete(key: string, options?: AbortSignal | Omit<SetOptions, 'ttlMs'>): Promise<boolean>;
  /** Adds to a counter, which begins with 0, and returns what it is then. `ttlMs` counts from its first change. */
  increment(
    counter: string,
    by?: number,
    options?: AbortSignal | Omit<SetOptions, 'only'>,
  ): Promise<number>;
  /** What a counter is: 0 when nobody has counted. */
  count(counter: string, signal?: AbortSignal): Promise<number>;
  /**
   * Makes all changes, or none. Conditions are about what was there before all of them.
   * @returns for each change how many values or members came or went; for a counter what it is then
   * @throws {ToolError} `CONFLICT` when a condition does not hold
   */
  write(changes: readonly Write[], signal?: AbortSignal): Promise<number[]>;
  /** A page of an index. What it costs depends on the page, not on what is before it. */
  range(index: string, options?: AbortSignal | RangeOptions): Promise<Ranked[]>;
  /**
   * The keys that begin with `prefix`, in pages and in no order. It looks at every key of the database, so it is for maintenance;
   * what calls list belongs into an index. A key that is there all the time comes at least once.
   */
  scan(
    prefix: string,
    options?: AbortSignal | { readonly signal?: AbortSignal; readonly batch?: number },
  ): AsyncIterable<string[]>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A value as it is kept. */
export interface StoredValue {
  readonly text: string;
  readonly version: string;
}

/** A change as an engine gets it: checked, and with the value as text. */
export type StoredWrite =
  | {
      readonly kind: 'set';
      readonly key: string;
      readonly stored: StoredValue;
      readonly ttlMs: number | undefined;
      readonly only: Condition | undefined;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly only: Condition | undefined }
  | { readonly kind: 'check'; readonly key: string; readonly only: Condition }
  | {
      readonly kind: 'increment';
      readonly key: string;
      readonly by: number;
      readonly ttlMs: number | undefined;
    }
  | { readonly kind: 'add'; readonly key: string; readonly member: string; readonly score: number }
  | { readonly kind: 'remove'; readonly key: string; readonly member: string };

/** Why changes were not made: a condition does not hold, or a counter would be too large to be exact. */
export type Refusal = 'conflict' | 'overflow';

/** What a kind of key-value store has to provide; `keyValuePart` makes a store of it. */
export interface KeyValueEngine {
  /** @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name */
  readonly system: string;
  newVersion(): string;
  read(keys: readonly string[]): Promise<(StoredValue | undefined)[]>;
  count(counter: string): Promise<number>;
  /** Makes all changes in one step, or none. */
  write(changes: readonly StoredWrite[]): Promise<readonly number[] | Refusal>;
  range(
    index: string,
    options: Omit<RangeOptions, 'signal'> & { readonly limit: number },
  ): Promise<Ranked[]>;
  /** A page of keys, and where the next one begins. */
  scan(
    prefix: string,
    position: string | undefined,
    batch: number,
  ): Promise<{ readonly keys: string[]; readonly next: string | undefined }>;
  ping(): Promise<void>;
  /** An error of the database as one that the caller may see, or `undefined`. */
  asStoreError(error: unknown): ToolError | undefined;
  /** Whether a request that failed with this may have been carried out. */
  isUnanswered(error: unknown): boolean;
  close(): Promise<void>;
}

/** A key-value store as a part of a server. */
export function keyValuePart<Shape extends SettingsShape>(
  settings: Shape,
  open: (config: SettingsOf<Shape>, env: PartEnv) => KeyValueEngine,
): Part<Shape, KeyValueStore> {
  return {
    name: 'datastore',
    settings,
    open: (env) => new EngineStore(open(env.config, env), env),
    check: (store) => store.ping(),
    close: (store) => store.close(),
  };
}

const DEFAULT_PAGE = 100;

class EngineStore implements KeyValueStore {
  constructor(
    private readonly engine: KeyValueEngine,
    private readonly env: Pick<PartEnv, 'log' | 'tracing'>,
  ) {}

  async get<Value>(
    key: string,
    options?: AbortSignal | ReadOptions<Value>,
  ): Promise<Value | undefined> {
    return (await this.entry(key, options))?.value;
  }

  async entry<Value>(
    key: string,
    options?: AbortSignal | ReadOptions<Value>,
  ): Promise<Entry<Value> | undefined> {
    const [entry] = await this.#read([key], optionsOf(options));
    return entry;
  }

  async getMany<Value>(
    keys: readonly string[],
    options?: AbortSignal | ReadOptions<Value>,
  ): Promise<(Value | undefined)[]> {
    if (keys.length === 0) return [];
    return (await this.#read(keys, optionsOf(options))).map((entry) => entry?.value);
  }

  async set(key: string, value: unknown, options?: AbortSignal | SetOptions): Promise<string> {
    const { signal, ttlMs, only } = optionsOf(options);
    const version = this.engine.newVersion();
    await this.#write([this.#stored({ set: key, value, ttlMs, only }, version)], signal);
    return version;
  }

  async delete(key: string, options?: AbortSignal | Omit<SetOptions, 'ttlMs'>): Promise<boolean> {
    const { signal, only } = optionsOf(options);
    const [deleted] = await this.write([{ delete: key, only }], signal);
    return deleted === 1;
  }

  async increment(
    counter: string,
    by = 1,
    options?: AbortSignal | Omit<SetOptions, 'only'>,
  ): Promise<number> {
    const { signal, ttlMs } = optionsOf(options);
    const [count = 0] = await this.write([{ increment: counter, by, ttlMs }], signal);
    return count;
  }

  async count(counter: string, signal?: AbortSignal): Promise<number> {
    requireKey(counter);
    return await this.#told('GET', signal, () => this.engine.count(counter));
  }

  async write(changes: readonly Write[], signal?: AbortSignal): Promise<number[]> {
    if (changes.length === 0) return [];
    return await this.#write(
      changes.map((change) => this.#stored(change)),
      signal,
    );
  }

  async range(index: string, options?: AbortSignal | RangeOptions): Promise<Ranked[]> {
    const { signal, limit = DEFAULT_PAGE, ...bounds } = optionsOf(options);
    requireKey(index);
    requireWhole(limit, 'A limit');
    const { min = 0, max = 0, after } = bounds;
    for (const score of [min, max, after?.score ?? 0]) {
      if (Number.isNaN(score)) throw new TypeError('A score must be a number.');
    }
    return await this.#told('RANGE', signal, () => this.engine.range(index, { ...bounds, limit }));
  }

  async *scan(
    prefix: string,
    options?: AbortSignal | { readonly signal?: AbortSignal; readonly batch?: number },
  ): AsyncIterable<string[]> {
    const { signal, batch = DEFAULT_PAGE } = optionsOf(options);
    requireText(prefix);
    requireWhole(batch, 'A batch');
    let position: string | undefined;
    do {
      const from = position;
      const page = await this.#told('SCAN', signal, () => this.engine.scan(prefix, from, batch));
      if (page.keys.length > 0) yield page.keys;
      position = page.next;
    } while (position !== undefined);
  }

  async ping(): Promise<void> {
    await this.#told('PING', undefined, () => this.engine.ping());
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  async #read<Value>(
    keys: readonly string[],
    { signal, value: schema }: ReadOptions<Value>,
  ): Promise<(Entry<Value> | undefined)[]> {
    for (const key of keys) requireKey(key);
    const found = await this.#told('GET', signal, () => this.engine.read(keys));
    return found.map(
      (stored) => stored && { value: decoded(stored, schema), version: stored.version },
    );
  }

  async #write(changes: readonly StoredWrite[], signal: AbortSignal | undefined) {
    const outcome = await this.#told('WRITE', signal, () =>
      this.engine.write(changes).catch((error: unknown) => {
        throw this.engine.isUnanswered(error) ? unanswered(error) : error;
      }),
    );
    if (outcome === 'conflict') throw conflict();
    if (outcome === 'overflow') throw new RangeError('A counter would be too large to be exact.');
    return [...outcome];
  }

  #stored(change: Write, version = this.engine.newVersion()): StoredWrite {
    if ('index' in change) {
      const { index } = change;
      requireKey(index);
      if ('remove' in change) {
        requireText(change.remove);
        return { kind: 'remove', key: index, member: change.remove };
      }
      const { add: member, score } = change;
      requireText(member);
      if (!Number.isFinite(score)) throw new TypeError('A score must be a finite number.');
      return { kind: 'add', key: index, member, score };
    }
    if ('set' in change) {
      const { set: key, value, ttlMs, only } = change;
      requireKey(key);
      if (ttlMs !== undefined) requireWhole(ttlMs, 'ttlMs');
      return { kind: 'set', key, stored: { text: encoded(value), version }, ttlMs, only };
    }
    if ('increment' in change) {
      const { increment: key, by = 1, ttlMs } = change;
      requireKey(key);
      if (ttlMs !== undefined) requireWhole(ttlMs, 'ttlMs');
      if (!Number.isSafeInteger(by)) throw new TypeError('A counter counts whole numbers.');
      return { kind: 'increment', key, by, ttlMs };
    }
    if ('delete' in change) {
      requireKey(change.delete);
      return { kind: 'delete', key: change.delete, only: change.only };
    }
    requireKey(change.check);
    return { kind: 'check', key: change.check, only: change.only };
  }

  /** Runs a request as a span, until it is done or nobody waits for it, and has its errors in the words for callers. */
  #told<T>(operation: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    const work = () => this.#answered(signal, run);
    const { tracing } = this.env;
    if (tracing === undefined) return work();
    // Keys can say whose data they are of, so no span has them.
    return tracing.query({ system: this.engine.system, text: operation }, work);
  }

  async #answered<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await orAborted(run(), signal);
    } catch (error) {
      throw forCaller(error, signal, this.env.log, (known) => this.engine.asStoreError(known));
    }
  }
}

function encoded(value: unknown): string {
  // Half of a surrogate pair and U+0000 become escape sequences, so every text is kept as it is.
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('JSON has no such value.');
  return text;
}

function decoded<Value>({ text }: StoredValue, schema: z.ZodType<Value> | undefined): Value {
  const value: unknown = JSON.parse(text);
  if (schema === undefined) return value as Value;
  return checked(value, schema, 'A value is not what it should be');
}

/** Two keys with half of a surrogate pair would become one. @throws {ToolError} `INVALID_INPUT` */
function requireText(text: string): void {
  if (!text.isWellFormed()) throw notStorable('half of a surrogate pair', text);
}

function requireKey(key: string): void {
  if (key === '') throw new TypeError('A key must not be empty.');
  requireText(key);
}

function requireWhole(value: number, what: string): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new TypeError(`${what} must be a whole number above 0.`);
}

function conflict(): ToolError {
  return new ToolError('CONFLICT', 'Someone else has changed the same data. Nothing was changed.', {
    suggestions: ['Read it again, then decide whether the change is still right.'],
  });
}
