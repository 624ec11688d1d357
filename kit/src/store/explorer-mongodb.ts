import { BSON, type Document, type MongoClient, MongoServerError } from 'mongodb';
import type { Logger } from 'pino';
import { ToolError } from '../definitions/definitions.js';
import { bool, type SettingsOf } from '../definitions/settings.js';
import type { Part, PartEnv } from '../parts.js';
import { asStoreError, clientSettings, closeClient, openClient } from './mongodb-connection.js';
import { toPipeline, toValues } from './pipeline.js';
import { orAborted, unavailable } from './store.js';

export interface DocumentLimits {
  readonly maxDocuments: number;
  /** Of the documents as JSON. */
  readonly maxBytes: number;
}

export interface DocumentsResult {
  /** In relaxed Extended JSON: a time is `{"$date": "…"}`, an id `{"$oid": "…"}`. Conditions take them in the same form. */
  documents: Record<string, unknown>[];
  /** `false` when there are more than these. */
  isComplete: boolean;
}

export interface CollectionInfo {
  readonly name: string;
  readonly kind: 'collection' | 'view' | 'timeseries';
  /** What the database believes, without counting; `null` for a view. */
  readonly estimatedDocuments: number | null;
}

export interface CollectionDetails extends CollectionInfo {
  /** Of so many documents, drawn at random, the fields are known. */
  readonly sampled: number;
  readonly fields: readonly FieldInfo[];
  readonly indexes: readonly {
    readonly name: string;
    readonly key: string;
    readonly isUnique: boolean;
  }[];
}

export interface FieldInfo {
  /** Within others: `address.city`; within the items of a list: `tags[]`. */
  readonly path: string;
  readonly types: readonly string[];
  /** How many of the sampled documents have it. */
  readonly documents: number;
}

export interface FindQuery {
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly projection?: Readonly<Record<string, unknown>>;
  readonly sort?: Readonly<Record<string, unknown>>;
}

/**
 * A database of documents that somebody else owns, and that is only read: what is sent is `find` or `aggregate`, made of stages and
 * operators that are known to read, on collections of this database, by a role that can do nothing else.
 */
export interface DocumentExplorer {
  /** All collections and views, in the order of their names. */
  collections(signal: AbortSignal): Promise<CollectionInfo[]>;
  /** @throws {ToolError} `NOT_FOUND` */
  collection(name: string, signal: AbortSignal): Promise<CollectionDetails>;
  /**
   * @throws {ToolError} `INVALID_QUERY` with the reason, `NOT_FOUND`, `STORE_TIMEOUT`, `STORE_UNAVAILABLE`, `OUTPUT_TOO_LARGE` when not
   * even one document fits
   */
  find(
    name: string,
    query: FindQuery,
    limits: DocumentLimits,
    signal: AbortSignal,
  ): Promise<DocumentsResult>;
  /** @throws as `find` does */
  aggregate(
    name: string,
    pipeline: readonly unknown[],
    limits: DocumentLimits,
    signal: AbortSignal,
  ): Promise<DocumentsResult>;
  /** Rejects when the database cannot be used, or the role may do more than read. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const settings = {
  ...clientSettings,
  /** For a role that may do more than read: what is sent still only reads. */
  ALLOW_WRITING_ROLE: bool(false),
};

type Config = SettingsOf<typeof settings>;

/** The MongoDB database of `DATABASE_URL`, to explore. */
export function mongodbExplorer(): Part<typeof settings, DocumentExplorer> {
  return {
    name: 'datastore',
    settings,
    open: ({ config, about, log, metrics }: PartEnv<typeof settings>) => {
      const client = openClient(config, { about, log, metrics });
      return new MongoExplorer(client, config, log);
    },
    check: (explorer) => explorer.ping(),
    close: (explorer) => explorer.close(),
  };
}

const PING_MS = 5_000;
const SAMPLE = 100;
const MAX_COLLECTIONS = 10_000;

class MongoExplorer implements DocumentExplorer {
  /** Whether the role is known to do nothing but read. */
  #isChecked = false;

  constructor(
    private readonly client: MongoClient,
    private readonly config: Config,
    private readonly log: Logger,
  ) {}

  collections(signal: AbortSignal): Promise<CollectionInfo[]> {
    return this.#during(signal, async (run) => {
      const found = await listed(run);
      const infos = await Promise.all(found.map((one) => withEstimate(run, one)));
      return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  collection(name: string, signal: AbortSignal): Promise<CollectionDetails> {
    return this.#during(signal, async (run) => {
      const info = await withEstimate(run, findIn(await listed(run), name));
      const sample = await batchOf(run, {
        aggregate: name,
        pipeline: [{ $sample: { size: SAMPLE } }],
        cursor: { batchSize: SAMPLE },
      });
      const indexes = info.kind === 'view' ? [] : await batchOf(run, { listIndexes: name });
      return {
        ...info,
        sampled: sample.length,
        fields: fieldsOf(sample),
        indexes: indexes.map((index) => ({
          name: String(index.name),
          key: BSON.EJSON.stringify(index.key),
          isUnique: index.unique === true || index.name === '_id_',
        })),
      };
    });
  }

  find(
    name: string,
    { filter = {}, projection, sort }: FindQuery,
    limits: DocumentLimits,
    signal: AbortSignal,
  ): Promise<DocumentsResult> {
    return this.#during(signal, async (run) => {
      const command = {
        find: name,
        filter: toValues(filter),
        ...(projection && { projection: toValues(projection) }),
        ...(sort && { sort: toValues(sort) }),
        limit: limits.maxDocuments + 1,
        batchSize: limits.maxDocuments + 1,
        singleBatch: true,
        allowDiskUse: false,
      };
      findIn(await listed(run), name);
      return presented(await batchOf(run, command), limits);
    });
  }

  aggregate(
    name: string,
    pipeline: readonly unknown[],
    limits: DocumentLimits,
    signal: AbortSignal,
  ): Promise<DocumentsResult> {
    return this.#during(signal, async (run) => {
      const { stages, collections } = toPipeline(pipeline);
      const there = await listed(run);
      for (const one of [name, ...collections]) findIn(there, one);
      const command = {
        aggregate: name,
        pipeline: [...stages, { $limit: limits.maxDocuments + 1 }],
        cursor: { batchSize: limits.maxDocuments + 1 },
        allowDiskUse: false,
      };
      return presented(await batchOf(run, command), limits);
    });
  }

  async ping(): Promise<void> {
    await this.#during(AbortSignal.timeout(PING_MS), (run) => run({ ping: 1 }));
  }

  close(): Promise<void> {
    return closeClient(this.client);
  }

  async #during<T>(signal: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> {
    const db = this.client.db();
    const run: Run = (command) =>
      // The connection of a command that is aborted is closed, and MongoDB stops what it did for it.
      db.command({ ...command, maxTimeMS: this.config.DATABASE_TIMEOUT_MS }, { signal });
    try {
      signal.throwIfAborted();
      await orAborted(this.#checkRole(run), signal);
      return await orAborted(work(run), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const shown = error instanceof ToolError ? error : toolErrorOf(error);
      if (shown === undefined) throw error;
      if (shown.code.startsWith('STORE_')) {
        this.log.error({ err: shown.cause ?? error }, shown.message);
      }
      throw shown;
    }
  }

  async #checkRole(run: Run): Promise<void> {
    if (this.#isChecked) return;
    const { authInfo } = await run({ connectionStatus: 1, showPrivileges: true });
    const dangers = dangersOf(authInfo);
    if (dangers.length > 0) {
      const found = `The role of DATABASE_URL may do more than read: ${dangers.join('; ')}.`;
      if (!this.config.ALLOW_WRITING_ROLE) {
        const advice = 'Give it a user with the role read on this database';
        throw unavailable(new Error(`${found} ${advice}, or set ALLOW_WRITING_ROLE=true.`));
      }
      this.log.warn(`${found} It is used because of ALLOW_WRITING_ROLE=true.`);
    }
    this.#isChecked = true;
  }
}

type Run = (command: Document) => Promise<Document>;

/** The first documents of a cursor; what is left of it is given up. */
async function batchOf(run: Run, command: Document): Promise<Document[]> {
  const { cursor } = await run(command);
  const [, collection = ''] = /^[^.]*\.(.*)$/.exec(String(cursor.ns)) ?? [];
  if (String(cursor.id) !== '0') {
    await run({ killCursors: collection, cursors: [cursor.id] }).catch(() => {});
  }
  return cursor.firstBatch as Document[];
}

/** What the role may see, but for what the database keeps for itself. */
async function listed(run: Run): Promise<Pick<CollectionInfo, 'name' | 'kind'>[]> {
  const found = await batchOf(run, {
    listCollections: 1,
    nameOnly: true,
    authorizedCollections: true,
    cursor: { batchSize: MAX_COLLECTIONS },
  });
  return found
    .filter(({ name }) => !String(name).startsWith('system.'))
    .map(({ name, type }) => ({ name, kind: type }));
}

function findIn<Info extends { readonly name: string }>(all: readonly Info[], name: string): Info {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new ToolError('NOT_FOUND', 'There is no such collection here.', {
    suggestions: ['Call list_collections to see their names.'],
  });
}

async function withEstimate(
  run: Run,
  info: Pick<CollectionInfo, 'name' | 'kind'>,
): Promise<CollectionInfo> {
  if (info.kind !== 'collection') return { ...info, estimatedDocuments: null };
  const { n } = await run({ count: info.name });
  return { ...info, estimatedDocuments: Number(n) };
}

/** What a role may do that changes nothing and tells nothing of others. */
const READING = new Set(
  `find listCollections listIndexes listSearchIndexes collStats dbStats dbHash indexStats planCacheRead changeStream killCursors
   listDatabases connPoolStats`.split(/\s+/),
);

/** Why the role of a connection should not be used by a model. */
export function dangersOf(authInfo: Document | undefined): string[] {
  const { authenticatedUsers = [], authenticatedUserPrivileges = [] } = authInfo ?? {};
  if (authenticatedUsers.length === 0) {
    return ['the server asks for no password, so everybody may do everything'];
  }
  const actions = (authenticatedUserPrivileges as Document[]).flatMap(
    (privilege) => privilege.actions as string[],
  );
  const others = [...new Set(actions)].filter((action) => !READING.has(action)).sort();
  return others.length === 0 ? [] : [`it may ${others.slice(0, 8).join(', ')}`];
}

/** As many documents as fit. */
function presented(
  documents: readonly Document[],
  { maxDocuments, maxBytes }: DocumentLimits,
): DocumentsResult {
  const shown: Record<string, unknown>[] = [];
  let bytes = 0;
  for (const document of documents.slice(0, maxDocuments)) {
    const json = BSON.EJSON.serialize(document, { relaxed: true });
    bytes += Buffer.byteLength(JSON.stringify(json)) + 1;
    if (bytes > maxBytes) break;
    shown.push(json);
  }
  if (shown.length === 0 && documents.length > 0) {
    throw new ToolError('OUTPUT_TOO_LARGE', `One document has more than ${maxBytes} bytes.`, {
      suggestions: ['Ask for fewer fields with a projection.'],
    });
  }
  return { documents: shown, isComplete: shown.length === documents.length };
}

/** As many fields as somebody may want to read. */
const MAX_FIELDS = 500;
const MAX_LEVELS = 5;

/** The fields of documents, in the order in which they come first. */
export function fieldsOf(documents: readonly Document[]): FieldInfo[] {
  const found = new Map<string, { types: Set<string>; documents: Set<number> }>();
  const add = (path: string, value: unknown, index: number, level: number): void => {
    const known = found.get(path) ?? { types: new Set(), documents: new Set() };
    if (!found.has(path)) {
      if (found.size >= MAX_FIELDS) return;
      found.set(path, known);
    }
    const type = typeOf(value);
    known.types.add(type);
    known.documents.add(index);
    if (level >= MAX_LEVELS) return;
    if (Array.isArray(value)) for (const item of value) add(`${path}[]`, item, index, level + 1);
    if (type !== 'object') return;
    for (const [name, part] of Object.entries(value as object)) {
      add(`${path}.${name}`, part, index, level + 1);
    }
  };
  for (const [index, document] of documents.entries()) {
    for (const [name, value] of Object.entries(document)) add(name, value, index, 1);
  }
  return [...found].map(([path, { types, documents: having }]) => ({
    path,
    types: [...types].sort(),
    documents: having.size,
  }));
}

/** The name of a type, as `$type` has it. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  if (value instanceof Uint8Array) return 'binData';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'object') return typeof value;
  const { _bsontype: name } = value as { _bsontype?: string };
  return name === undefined ? 'object' : `${name[0]?.toLowerCase()}${name.slice(1)}`;
}

function toolErrorOf(error: unknown): ToolError | undefined {
  const known = asStoreError(error);
  if (known?.code === 'STORE_TIMEOUT') {
    return new ToolError('STORE_TIMEOUT', 'The query took too long and was stopped.', {
      cause: error,
      suggestions: ['Ask for less: filter on fields that have an index.'],
    });
  }
  if (known !== undefined) return known;
  // What the database says is about the query, whose author is told.
  if (!(error instanceof MongoServerError)) return undefined;
  return new ToolError('INVALID_QUERY', error.message.slice(0, 1_000));
}
