import * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';
import { bool, ConfigError, type SettingsOf } from '../definitions/settings.js';
import type { PartEnv } from '../parts.js';
import {
  applyIndices,
  checkIndices,
  type IndexAdmin,
  type IndexFile,
  RefusedMappingError,
  readIndexFiles,
} from './index-files.js';
import { countConnections, poolSettings } from './pool.js';
import { asToolError, ClusterError, tooSlow } from './search-errors.js';
import { Cluster, type SearchRequest } from './search-http.js';
import {
  type BulkOperation,
  type BulkOutcome,
  type ChangeOptions,
  type Cursor,
  fieldName,
  type Identified,
  type IndexDefinition,
  Query,
  query,
  type Search,
  type SearchPage,
  type SearchStore,
  type StoredDocument,
  type Version,
  type WriteOptions,
} from './search-index.js';
import { checked, forCaller, orAborted, unavailable } from './store.js';
import { checkText } from './text.js';

const ADDRESSES = 'must be addresses that begin with http:// or https://, separated by commas';

const nodeUrls = z.string().transform((text, context) => {
  const urls = text
    .split(',')
    .map((one) => (URL.canParse(one.trim()) ? new URL(one.trim()) : null));
  if (urls.every((url): url is URL => url !== null && /^https?:$/.test(url.protocol))) return urls;
  context.addIssue({ code: 'custom', message: ADDRESSES });
  return z.NEVER;
});

const settings = {
  ...poolSettings,
  /** The nodes; a user and a password in each of them, or an API key. */
  DATABASE_URL: nodeUrls,
  /** As Elasticsearch gives it in `encoded`. */
  DATABASE_API_KEY: z
    .string()
    .regex(/^[\w+/=-]+$/, 'must be the key in Base64, as the cluster gave it')
    .optional(),
  /** In PEM. */
  DATABASE_CA: z.string().includes('-----BEGIN CERTIFICATE-----').optional(),
  /** Before the names of indices, so that several servers can share a cluster. */
  DATABASE_INDEX_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,99}$/, 'must be lower case letters, digits, _ and -')
    .default(''),
  MIGRATE_ON_START: bool(true),
};

type Config = SettingsOf<typeof settings>;

/** The Elasticsearch or OpenSearch cluster of `DATABASE_URL`. */
export function elasticsearch() {
  return {
    name: 'datastore',
    settings,
    open(env: PartEnv<typeof settings>): SearchStore {
      return new Elasticsearch(openCluster(env.config), env);
    },
    /** For `npm run migrate`. */
    openIndices: (config: Config) => {
      const cluster = openCluster(config);
      const close = () => cluster.close();
      return { admin: adminOf(cluster), prefix: config.DATABASE_INDEX_PREFIX, close };
    },
    check: (store: SearchStore) => store.ping(),
    close: (store: SearchStore) => store.close(),
  };
}

/** @throws {ConfigError} */
function openCluster(config: Config): Cluster {
  const { DATABASE_URL: nodes, DATABASE_API_KEY: apiKey, DATABASE_CA: ca } = config;
  if (apiKey !== undefined && nodes.some(({ username }) => username !== '')) {
    throw new ConfigError(['DATABASE_API_KEY: leave it out, or the user in DATABASE_URL']);
  }
  return new Cluster({
    nodes,
    apiKey,
    ca,
    poolSize: config.DATABASE_POOL_SIZE,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
  });
}

/** How many documents one page or one bulk request may have. */
const MAX_DOCUMENTS = 1_000;
/** How often a document is read and changed anew when others are faster. */
const UPDATE_ATTEMPTS = 4;
const PING_MS = 5_000;

interface Hit {
  readonly _id: string;
  readonly _source: unknown;
  readonly sort?: Cursor;
}

class Elasticsearch implements SearchStore {
  readonly #config: Config;
  readonly #admin: IndexAdmin;
  #prepared: Promise<void> | undefined;
  #files: readonly IndexFile[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly env: PartEnv<typeof settings>,
  ) {
    this.#config = env.config;
    this.#admin = adminOf(cluster);
    countConnections(env.metrics, () => cluster.counts);
  }

  async get<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    id: string,
    signal?: AbortSignal,
  ): Promise<StoredDocument<Doc> | undefined> {
    const path = `/${this.#alias(index)}/_doc/${idOf(id)}`;
    const found = await this.#call(
      'get',
      index,
      { method: 'GET', path, isSafe: true, signal },
      [404],
    );
    const { _source, _seq_no, _primary_term } = found as Record<string, unknown>;
    if (_source === undefined) return undefined;
    return {
      document: checkedDocument(_source, index),
      version: { seqNo: Number(_seq_no), primaryTerm: Number(_primary_term) },
    };
  }

  create<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    document: Doc,
    options: WriteOptions = {},
  ): Promise<Version> {
    return this.#write('create', index, '_create', document, options);
  }

  put<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    document: Doc,
    options: ChangeOptions = {},
  ): Promise<Version> {
    return this.#write('put', index, '_doc', document, options);
  }

  async update<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    id: string,
    changes: Partial<Omit<Doc, 'id'>>,
    options: ChangeOptions = {},
  ): Promise<StoredDocument<Doc> | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.get(index, id, options.signal);
      if (found === undefined) return undefined;
      const { ifVersion = found.version } = options;
      const document = { ...found.document, ...changes, id };
      try {
        return { document, version: await this.put(index, document, { ...options, ifVersion }) };
      } catch (error) {
        const isConflict = error instanceof ToolError && error.code === 'CONFLICT';
        const isOurs = options.ifVersion === undefined && attempt < UPDATE_ATTEMPTS;
        if (!isConflict || !isOurs) throw error;
      }
    }
  }

  async delete(index: IndexDefinition, id: string, options: ChangeOptions = {}): Promise<boolean> {
    const path = `/${this.#alias(index)}/_doc/${idOf(id)}${parametersOf(options, false)}`;
    const request = { method: 'DELETE', path, signal: options.signal } as const;
    const answer = await this.#call('delete', index, request, [404]);
    return (answer as { result?: unknown }).result === 'deleted';
  }

  async bulk<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    operations: readonly BulkOperation<Doc>[],
    options: WriteOptions = {},
  ): Promise<BulkOutcome[]> {
    if (operations.length === 0) return [];
    if (operations.length > MAX_DOCUMENTS) {
      throw new RangeError(`A bulk request has at most ${MAX_DOCUMENTS} operations.`);
    }
    const body = operations.flatMap((one): object[] => {
      if ('delete' in one) return [{ delete: { _id: idOf(one.delete, false) } }];
      const [action, document] = 'create' in one ? ['create', one.create] : ['index', one.put];
      return [{ [action as string]: { _id: idOf(document.id, false) } }, storable(document, index)];
    });
    const path = `/${this.#alias(index)}/_bulk${parametersOf(options)}`;
    const answer = await this.#call('bulk', index, {
      method: 'POST',
      path,
      body,
      signal: options.signal,
    });
    const { items } = answer as { items: Record<string, BulkItem>[] };
    return items.map((item) => {
      const { _id: id, status, error } = Object.values(item)[0] as BulkItem;
      if (error === undefined) return { id };
      const failure = new ClusterError(status, { error });
      return { id, error: asToolError(failure, true) ?? failure };
    });
  }

  async search<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    { query: wanted = query.all(), sort = [], after, limit }: Search,
    signal?: AbortSignal,
  ): Promise<SearchPage<Doc>> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_DOCUMENTS) {
      throw new RangeError(`A page has 1 to ${MAX_DOCUMENTS} documents.`);
    }
    const order = sort.some(([field]) => field === 'id') ? sort : [...sort, ['id', 'asc'] as const];
    if (after !== undefined) checkCursor(after, order.length);
    const answer = await this.#call('search', index, {
      method: 'POST',
      path: `/${this.#alias(index)}/_search?allow_partial_search_results=false`,
      body: {
        query: Query.toJson(wanted),
        sort: order.map(([field, direction]) => ({ [fieldName(field)]: { order: direction } })),
        size: limit,
        track_total_hits: false,
        timeout: `${this.#config.DATABASE_TIMEOUT_MS}ms`,
        ...(after !== undefined && { search_after: after }),
      },
      isSafe: true,
      signal,
    });
    const { hits, timed_out: isLate } = answer as { hits: { hits: Hit[] }; timed_out: boolean };
    if (isLate) throw tooSlow();
    const last = hits.hits.at(-1);
    return {
      documents: hits.hits.map(({ _source }) => checkedDocument(_source, index)),
      next: hits.hits.length === limit ? last?.sort : undefined,
    };
  }

  async count(index: IndexDefinition, wanted = query.all(), signal?: AbortSignal): Promise<number> {
    const answer = await this.#call('count', index, {
      method: 'POST',
      path: `/${this.#alias(index)}/_count`,
      body: { query: Query.toJson(wanted) },
      isSafe: true,
      signal,
    });
    return (answer as { count: number }).count;
  }

  async *all<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    options: { readonly query?: Query; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterable<Doc> {
    const { query: wanted = query.all(), signal } = options;
    let after: Cursor | undefined;
    do {
      const page = await this.search(index, { query: wanted, after, limit: 100 }, signal);
      for (const document of page.documents) {
        yield document;
        signal?.throwIfAborted();
      }
      after = page.next;
    } while (after !== undefined);
  }

  /** The cluster answers, and no part of an index of ours is missing. */
  async ping(): Promise<void> {
    await this.#answered(false, undefined, async () => {
      const aliases = this.#files.map(({ name }) => this.#config.DATABASE_INDEX_PREFIX + name);
      const path = `/_cluster/health/${aliases.join(',')}?timeout=2s`.replace('/?', '?');
      const body = await this.#send(
        { method: 'GET', path, isProbe: true, timeoutMs: PING_MS },
        // Not all parts are there in time.
        [408],
      );
      const { status } = body as { status: unknown };
      if (status !== 'red') return;
      throw unavailable(new Error('the cluster is red: a primary shard is missing'));
    });
  }

  async close(): Promise<void> {
    this.cluster.close();
  }

  async #write<Doc extends Identified>(
    operation: string,
    index: IndexDefinition<Doc>,
    endpoint: string,
    document: Doc,
    options: ChangeOptions,
  ): Promise<Version> {
    const body = storable(document, index);
    const path = `/${this.#alias(index)}/${endpoint}/${idOf(document.id)}${parametersOf(options)}`;
    const request = { method: 'PUT', path, body, signal: options.signal } as const;
    const { _seq_no, _primary_term } = (await this.#call(operation, index, request)) as {
      _seq_no: number;
      _primary_term: number;
    };
    return { seqNo: _seq_no, primaryTerm: _primary_term };
  }

  /** @param expected statuses that are answers, too */
  #call(
    operation: string,
    index: IndexDefinition,
    request: SearchRequest,
    expected: readonly number[] = [],
  ): Promise<unknown> {
    const work = () =>
      this.#answered(!request.isSafe, request.signal, () => this.#send(request, expected));
    const { tracing } = this.env;
    if (tracing === undefined) return work();
    return tracing.query({ system: 'elasticsearch', text: `${operation} ${index.name}` }, work);
  }

  async #send(request: SearchRequest, expected: readonly number[]): Promise<unknown> {
    const { status, body } = await this.cluster.send(request);
    const error = (body as { error?: unknown } | undefined)?.error;
    if (status < 300 || (expected.includes(status) && error === undefined)) return body;
    throw new ClusterError(status, body);
  }

  /** Has the indices ready for `run`, and its errors in the words for callers. */
  async #answered<T>(
    isWrite: boolean,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    try {
      await orAborted(this.#ready(), signal);
      signal?.throwIfAborted();
      return await run();
    } catch (error) {
      // Somebody has deleted it.
      if (error instanceof ClusterError && error.isNoIndex && !signal?.aborted) {
        this.#prepared = undefined;
      }
      throw forCaller(error, signal, this.env.log, (known) => asToolError(known, isWrite));
    }
  }

  /** The cluster has our indices. What has failed is tried again with the next operation. */
  #ready(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw asToolError(error, false) ?? unavailable(error);
    });
    return this.#prepared;
  }

  async #prepare(): Promise<void> {
    const { DATABASE_INDEX_PREFIX: prefix, MIGRATE_ON_START: applies } = this.#config;
    this.#files = readIndexFiles();
    if (applies) await applyIndices(this.#admin, prefix, this.env.log, this.#files);
    else await checkIndices(this.#admin, prefix, this.#files);
  }

  #alias({ name }: IndexDefinition): string {
    return encodeURIComponent(this.#config.DATABASE_INDEX_PREFIX + name);
  }
}

interface BulkItem {
  readonly _id: string;
  readonly status: number;
  readonly error?: unknown;
}

/** How long making an index may take (milliseconds). */
const ADMIN_MS = 30_000;

function adminOf(cluster: Cluster): IndexAdmin {
  const send = async (method: 'GET' | 'PUT', path: string, body?: object) => {
    const request = { method, path, body, isProbe: true };
    const answer = await cluster.send(
      method === 'GET' ? { ...request, isSafe: true } : { ...request, timeoutMs: ADMIN_MS },
    );
    if (answer.status >= 300) throw new ClusterError(answer.status, answer.body);
    return answer.body;
  };
  return {
    async find(alias) {
      const found = await send('GET', `/${alias}`).catch((error: unknown) => {
        if (error instanceof ClusterError && error.isNoIndex) return {};
        throw error;
      });
      const indices = Object.entries(found as Record<string, IndexInfo>);
      const own = indices.find(([, { aliases }]) => aliases?.[alias]?.is_write_index) ?? indices[0];
      if (own === undefined) return undefined;
      return { index: own[0], checksum: own[1].mappings?._meta?.checksum };
    },
    async create(index, _, body) {
      try {
        await send('PUT', `/${index}`, body);
        return true;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.type === 'resource_already_exists_exception') return false;
        throw refusedMapping(error);
      }
    },
    async extend(index, mappings) {
      await send('PUT', `/${index}/_mapping`, mappings).catch((error: unknown) => {
        throw refusedMapping(error);
      });
    },
  };
}

interface IndexInfo {
  readonly aliases?: Readonly<Record<string, { readonly is_write_index?: boolean }>>;
  readonly mappings?: { readonly _meta?: { readonly checksum?: string } };
}

function refusedMapping(error: unknown): unknown {
  const isRefused = error instanceof ClusterError && error.status === 400;
  return isRefused ? new RefusedMappingError(error.reason, { cause: error }) : error;
}

const MAX_ID_BYTES = 512;

/** @throws {ToolError} `INVALID_INPUT` for what the cluster would refuse, or a proxy take for a path */
function idOf(id: string, encoded = true): string {
  checkText(id, 'id');
  if (id === '' || id === '.' || id === '..' || Buffer.byteLength(id) > MAX_ID_BYTES) {
    throw new ToolError('INVALID_INPUT', `An id has 1 to ${MAX_ID_BYTES} bytes.`, { text: id });
  }
  return encoded ? encodeURIComponent(id) : id;
}

function parametersOf({ refresh = 'wait', ifVersion }: ChangeOptions, onlyAlias = true): string {
  const own = new URLSearchParams();
  // A write to what is not there would make an index with a mapping of its own.
  if (onlyAlias) own.set('require_alias', 'true');
  if (refresh === 'wait') own.set('refresh', 'wait_for');
  if (ifVersion !== undefined) {
    own.set('if_seq_no', String(ifVersion.seqNo));
    own.set('if_primary_term', String(ifVersion.primaryTerm));
  }
  return `?${own}`;
}

/** @throws {ToolError} `INVALID_INPUT` for a cursor that no page has given */
function checkCursor(after: Cursor, length: number): void {
  const isPlain = after.every(
    (one) => one === null || /^(string|number|boolean)$/.test(typeof one),
  );
  if (after.length === length && isPlain) return;
  throw new ToolError('INVALID_INPUT', 'The cursor is none of this list.', {
    suggestions: ['Begin with the first page.'],
  });
}

/** @throws {ToolError} `INVALID_INPUT` with the field of a text that cannot be stored */
function storable<Doc extends Identified>(document: Doc, index: IndexDefinition<Doc>): object {
  const own = checkedDocument(document, index);
  checkTexts(own, '');
  return own;
}

function checkTexts(value: unknown, path: string): void {
  if (typeof value === 'string') checkText(value, path);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const place = path === '' ? name : `${path}.${name}`;
      checkText(name, path);
      checkTexts(inner, place);
    }
  }
}

function checkedDocument<Doc extends Identified>(
  document: unknown,
  index: IndexDefinition<Doc>,
): Doc {
  return checked(document, index.document, `A document of ${index.name} is not what it should be`);
}
