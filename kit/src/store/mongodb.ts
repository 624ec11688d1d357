import { type ClientSession, type Db, Long, type MongoClient } from 'mongodb';
import { ToolError } from '../definitions/definitions.js';
import { bool, type SettingsOf } from '../definitions/settings.js';
import type { Part, PartEnv } from '../parts.js';
import {
  type Changes,
  type Collection,
  checkLimit,
  type DocumentRunner,
  type DocumentStore,
  documentOf,
  type FindOptions,
  filterOf,
  laterThan,
  sortOf,
  updateOf,
  type Where,
} from './documents.js';
import { asStoreError, clientSettings, closeClient, openClient } from './mongodb-connection.js';
import { checked, forCaller, orAborted, unanswered } from './store.js';

const settings = {
  ...clientSettings,
  /** `false` where somebody else makes indexes, so that the server's role needs no right to. */
  CREATE_INDEXES: bool(true),
};

type Config = SettingsOf<typeof settings>;

/** The MongoDB database of `DATABASE_URL`. */
export function mongodb(): Part<typeof settings, MongoStore> {
  return {
    name: 'datastore',
    settings,
    open: ({ config, about, log, metrics, tracing }) => {
      const client = openClient(config, { about, log, metrics });
      return new MongoStore(client, config, { log, tracing });
    },
    check: (store) => store.ping(),
    close: (store) => store.close(),
  };
}

type Work<T> = (session: ClientSession | undefined) => Promise<T>;

/** What is the same for the store and a transaction in it. */
abstract class Runner implements DocumentRunner {
  constructor(
    protected readonly db: Db,
    protected readonly timeoutMs: number,
  ) {}

  /** @param name what is done, for spans */
  protected abstract run<T, Doc>(
    name: string,
    collection: Collection<Doc>,
    signal: AbortSignal | undefined,
    work: Work<T>,
  ): Promise<T>;

  async find<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    { limit, sort, after, signal }: FindOptions<Doc>,
  ): Promise<Doc[]> {
    const order = sortOf(collection, sort);
    const filter = filterOf(collection, where);
    const page = after === undefined ? filter : { $and: [filter, laterThan(order, after)] };
    const documents = await this.run('find', collection, signal, (session) =>
      this.db
        .collection(collection.name)
        .find(page, {
          sort: order,
          limit: checkLimit(limit),
          // Then no cursor is left behind, unless the documents are too large for one answer.
          batchSize: limit + 1,
          maxTimeMS: this.timeoutMs,
          ...(signal && { signal }),
          ...(session && { session }),
        })
        .toArray(),
    );
    return documents.map((document) => decode(collection, document));
  }

  async optional<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<Doc | undefined> {
    const found = await this.find(collection, where, { limit: 2, signal });
    if (found.length > 1) throw new Error(`More than one document of ${collection.name} is meant.`);
    return found[0];
  }

  async one<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<Doc> {
    const found = await this.optional(collection, where, signal);
    if (found === undefined) throw new Error(`There is no such document of ${collection.name}.`);
    return found;
  }

  async count<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<number> {
    const filter = filterOf(collection, where);
    return await this.run('count', collection, signal, (session) =>
      this.db.collection(collection.name).countDocuments(filter, {
        maxTimeMS: this.timeoutMs,
        ...(signal && { signal }),
        ...(session && { session }),
      }),
    );
  }

  async insert<Doc>(
    collection: Collection<Doc>,
    document: NoInfer<Doc>,
    signal?: AbortSignal,
  ): Promise<void> {
    const values = documentOf(collection, document);
    await this.run('insert', collection, signal, (session) =>
      this.db.collection(collection.name).insertOne(values, this.#writing(session)),
    );
  }

  async update<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    changes: Changes<Doc>,
    signal?: AbortSignal,
  ): Promise<number> {
    const filter = filterOf(collection, where);
    const update = updateOf(collection, changes);
    const { matchedCount } = await this.run('update', collection, signal, (session) =>
      this.db.collection(collection.name).updateMany(filter, update, this.#writing(session)),
    );
    return matchedCount;
  }

  async delete<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<number> {
    const filter = filterOf(collection, where);
    const { deletedCount } = await this.run('delete', collection, signal, (session) =>
      this.db.collection(collection.name).deleteMany(filter, this.#writing(session)),
    );
    return deletedCount;
  }

  #writing(session: ClientSession | undefined) {
    return { maxTimeMS: this.timeoutMs, ...(session && { session }) };
  }
}

/** A MongoDB database. */
export class MongoStore extends Runner implements DocumentStore {
  /** The collections whose indexes are there, or on their way. */
  readonly #prepared = new Map<string, Promise<unknown>>();

  constructor(
    private readonly client: MongoClient,
    private readonly config: Config,
    private readonly env: Pick<PartEnv, 'log' | 'tracing'>,
  ) {
    super(client.db(), config.DATABASE_TIMEOUT_MS);
  }

  /** The driver's own database, for what this has no words for, such as aggregations. Nothing is checked there. */
  get native(): Db {
    return this.db;
  }

  protected run<T, Doc>(
    name: string,
    collection: Collection<Doc>,
    signal: AbortSignal | undefined,
    work: Work<T>,
    session?: ClientSession,
  ): Promise<T> {
    const answered = () =>
      this.#answered(signal, async () => {
        await orAborted(this.#indexed(collection), signal);
        signal?.throwIfAborted();
        return await orAborted(work(session), signal);
      });
    const { tracing } = this.env;
    if (tracing === undefined) return answered();
    return tracing.query({ system: 'mongodb', text: `${name} ${collection.name}` }, answered);
  }

  async transaction<T>(
    work: (tx: DocumentRunner) => Promise<T>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    return await this.#answered(signal, async () => {
      const session = this.client.startSession();
      const tx = new Transaction(this.db, this.timeoutMs, signal, (name, collection, stop, one) =>
        this.run(name, collection, stop, one, session),
      );
      try {
        session.startTransaction({
          readConcern: 'snapshot',
          writeConcern: { w: 'majority' },
          maxCommitTimeMS: this.timeoutMs,
        });
        const result = await orAborted(work(tx), signal);
        await orAborted(tx.settled(), signal);
        signal?.throwIfAborted();
        tx.end(new Error('This transaction is over.'));
        await session.commitTransaction().catch((error: unknown) => {
          throw isUnanswered(error) ? unanswered(error) : error;
        });
        return result;
      } catch (error) {
        tx.end(error);
        await tx.settled();
        // Where the database does not hear of it, it gives the transaction up by itself.
        if (session.inTransaction()) await session.abortTransaction().catch(() => {});
        throw error;
      } finally {
        void session.endSession();
      }
    });
  }

  async *stream<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    {
      sort,
      signal,
      batch = 100,
    }: Pick<FindOptions<Doc>, 'sort' | 'signal'> & { readonly batch?: number } = {},
  ): AsyncIterable<Doc> {
    const cursor = this.db.collection(collection.name).find(filterOf(collection, where), {
      sort: sortOf(collection, sort),
      batchSize: checkLimit(batch),
      maxTimeMS: this.timeoutMs,
      ...(signal && { signal }),
    });
    try {
      for (;;) {
        const document = await this.run('find', collection, signal, () => cursor.next());
        if (document === null) return;
        yield decode(collection, document);
      }
    } finally {
      await cursor.close().catch(() => {});
    }
  }

  async ping(): Promise<void> {
    await this.#answered(undefined, () => this.db.command({ ping: 1 }));
  }

  async close(): Promise<void> {
    await closeClient(this.client);
  }

  /** The database's errors in the words for callers. */
  async #answered<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      // Within a transaction it was logged where it came from.
      if (error instanceof ToolError && !signal?.aborted) throw error;
      throw forCaller(error, signal, this.env.log, asStoreError);
    }
  }

  /** The collection has its indexes. What has failed is tried again with the next call. */
  #indexed<Doc>(collection: Collection<Doc>): Promise<unknown> {
    const { name, indexes } = collection;
    if (!this.config.CREATE_INDEXES || indexes.length === 0) return Promise.resolve();
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const made = this.db
      .collection(name)
      .createIndexes(
        indexes.map(({ fields, unique = false, expireAfter }) => ({
          key: Object.fromEntries(sortOf(collection, fields)),
          ...(unique && { unique }),
          ...(expireAfter !== undefined && { expireAfterSeconds: expireAfter }),
        })),
      )
      .catch((error: unknown) => {
        this.#prepared.delete(name);
        throw error;
      });
    this.#prepared.set(name, made);
    return made;
  }
}

/** The work in a transaction, one step after the other: a session takes one at a time. */
class Transaction extends Runner {
  readonly #over = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    db: Db,
    timeoutMs: number,
    private readonly signal: AbortSignal | undefined,
    private readonly runInSession: <T, Doc>(
      name: string,
      collection: Collection<Doc>,
      signal: AbortSignal | undefined,
      work: Work<T>,
    ) => Promise<T>,
  ) {
    super(db, timeoutMs);
  }

  protected run<T, Doc>(
    name: string,
    collection: Collection<Doc>,
    signal: AbortSignal | undefined,
    work: Work<T>,
  ): Promise<T> {
    const signals = [signal, this.signal, this.#over.signal].filter((one) => one !== undefined);
    const stop = AbortSignal.any(signals);
    let sent: Promise<unknown> | undefined;
    const result = this.#last.then(() => {
      stop.throwIfAborted();
      return this.runInSession(name, collection, stop, (session) => {
        const running = work(session);
        sent = running;
        return running;
      });
    });
    // The next step waits for the answer, also when nobody else does any more.
    this.#last = result.catch(() => sent?.catch(() => {}));
    return result;
  }

  /** Also what the work did not wait for. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }

  end(reason: unknown): void {
    this.#over.abort(reason);
  }
}

function decode<Doc>(collection: Collection<Doc>, document: unknown): Doc {
  const problem = `A document of ${collection.name} is not what its collection says`;
  return checked(decodeValue(document), collection.document, problem);
}

/** Whole numbers that a `number` does not hold exactly are a `bigint`. */
function decodeValue(value: unknown): unknown {
  if (value instanceof Long) return value.toBigInt();
  if (Array.isArray(value)) return value.map(decodeValue);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, decodeValue(part)]));
}

/** Whether nobody knows if a transaction was committed. */
function isUnanswered(error: unknown): boolean {
  return /UNAVAILABLE|TIMEOUT/.test(asStoreError(error)?.code ?? '');
}
