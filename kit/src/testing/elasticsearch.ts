import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

type Json = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, { readonly type?: string }>>;

interface Mappings extends Json {
  readonly dynamic?: string;
  readonly properties?: Properties;
}

/** What a search asks for. */
interface SearchBody extends Json {
  readonly sort?: readonly Readonly<Record<string, { readonly order: string }>>[];
  readonly search_after?: readonly Value[];
  readonly size?: number;
}

/** What a query of one field says, or `bool`. */
interface QueryOptions extends Json {
  readonly value?: unknown;
  readonly query?: unknown;
  readonly operator?: string;
  readonly field?: string;
  readonly minimum_should_match?: number;
}

interface Document {
  readonly source: Json;
  readonly seqNo: number;
}

interface Index {
  readonly aliases: Json;
  mappings: Mappings;
  readonly settings: Json;
  readonly documents: Map<string, Document>;
  /** What searches see: the documents as of the last refresh. */
  visible: ReadonlyMap<string, Document>;
  lastSeqNo: number;
}

/** An answer that is an error, as the real API words it. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    reason: string,
  ) {
    super(reason);
  }

  get body(): object {
    const cause = { type: this.type, reason: this.message };
    return { error: { root_cause: [cause], ...cause }, status: this.status };
  }
}

const PRIMARY_TERM = 1;
/** Lucene's limit for one term (bytes). */
const MAX_TERM_BYTES = 32_766;

/**
 * Stands in for Elasticsearch 8 where none runs: it keeps documents in memory and answers the calls of the kit's store as the
 * documentation of the REST API says. It was never compared with a real cluster, analyses texts by splitting them at what is no letter
 * or digit, and has one shard.
 */
export class ElasticsearchStandIn {
  /** What requests have to say in `authorization`; everybody is let in by default. */
  authorization: string | undefined;
  /** How long each answer takes (milliseconds). */
  delayMs = 0;
  /** How long `refresh=wait_for` takes (milliseconds). */
  refreshMs = 0;
  /** The answer to everything, in the place of the real one: an overloaded node, a proxy. */
  outage: { readonly status: number; readonly body: string } | undefined;
  health: 'green' | 'yellow' | 'red' = 'green';
  /** What was asked, as `PUT /notes`. */
  readonly requests: string[] = [];
  /** How many requests were given up by their clients: a real node cancels their tasks. */
  cancelled = 0;
  readonly indices = new Map<string, Index>();
  readonly #server = createServer((...args) => void this.#serve(...args)).unref();

  /** The address, for `DATABASE_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param port by default any that is free */
  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  /** Ends like a node that is killed. Its documents are still there when it starts again. */
  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => {
      if (!response.writableFinished) this.cancelled += 1;
    });
    const { method = '', url = '' } = request;
    this.requests.push(`${method} ${url}`);
    response.setHeader('x-elastic-product', 'Elasticsearch');
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of request) pieces.push(piece);
      if (this.delayMs > 0) await sleep(this.delayMs, undefined, { ref: false });
      if (this.outage !== undefined) return answer(this.outage.status, this.outage.body);
      const { authorization } = request.headers;
      if (this.authorization !== undefined && authorization !== this.authorization) {
        const reason = `unable to authenticate user for REST request [${url}]`;
        throw new Refusal(401, 'security_exception', reason);
      }
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      const parts = pathname.split('/').slice(1).map(decodeURIComponent);
      const text = Buffer.concat(pieces).toString();
      const [status, body] = await this.#answer(method, parts, searchParams, text);
      answer(status, body);
    } catch (error) {
      if (error instanceof Refusal) answer(error.status, error.body);
      else answer(500, new Refusal(500, 'exception', String(error)).body);
    }
  }

  async #answer(
    method: string,
    [name = '', endpoint = '', id = '']: string[],
    parameters: URLSearchParams,
    text: string,
  ): Promise<[number, unknown]> {
    if (name === '_cluster' && endpoint === 'health') {
      const isThere = id === '' || id.split(',').every((one) => this.#find(one) !== undefined);
      const status = isThere ? this.health : 'red';
      return [isThere ? 200 : 408, { cluster_name: 'stand-in', status, timed_out: !isThere }];
    }
    if (endpoint === '' && method === 'PUT') return [200, this.#create(name, jsonOf(text))];
    if (endpoint === '' && method === 'DELETE') return [200, this.#deleteIndices(name)];
    const write = async (run: (index: Index) => [number, Json]): Promise<[number, unknown]> => {
      const index = this.#writable(name, parameters);
      const result = run(index);
      await this.#refresh(index, parameters);
      return result;
    };
    switch (`${method} ${endpoint}`) {
      case 'GET ': {
        const { aliases, mappings, settings } = this.#index(name);
        return [200, { [this.#nameOf(name)]: { aliases, mappings, settings } }];
      }
      case 'PUT _mapping':
        return [200, this.#extend(this.#index(name), jsonOf(text))];
      case 'POST _refresh': {
        const index = this.#index(name);
        index.visible = new Map(index.documents);
        return [200, { _shards: { total: 1, successful: 1, failed: 0 } }];
      }
      case 'GET _doc':
        return this.#get(this.#index(name), id);
      case 'PUT _create':
        return await write((index) => save(index, id, jsonOf(text), parameters, true));
      case 'PUT _doc':
        return await write((index) => save(index, id, jsonOf(text), parameters, false));
      case 'DELETE _doc':
        return await write((index) => remove(index, id, parameters));
      case 'POST _bulk':
        return await write((index) => [200, bulk(index, text)]);
      case 'POST _count':
        return [200, { count: matching(this.#index(name), jsonOf(text)).length }];
      case 'POST _search':
        return [200, search(this.#index(name), jsonOf(text))];
      default: {
        const reason = `no handler found for uri [/${name}/${endpoint}] and method [${method}]`;
        throw new Refusal(400, 'invalid_request', reason);
      }
    }
  }

  #create(name: string, { settings = {}, mappings = {}, aliases = {} }: Json): Json {
    if (this.#find(name) !== undefined) {
      const reason = `index [${name}/uuid] already exists`;
      throw new Refusal(400, 'resource_already_exists_exception', reason);
    }
    this.indices.set(name, {
      aliases: aliases as Json,
      settings: settings as Json,
      mappings: mappings as Json,
      documents: new Map(),
      visible: new Map(),
      lastSeqNo: -1,
    });
    return { acknowledged: true, shards_acknowledged: true, index: name };
  }

  /** With `*` at the end, as `action.destructive_requires_name: false` allows it. */
  #deleteIndices(pattern: string): Json {
    for (const name of [...this.indices.keys()]) {
      const isMeant = pattern.endsWith('*')
        ? name.startsWith(pattern.slice(0, -1))
        : name === pattern;
      if (isMeant) this.indices.delete(name);
    }
    return { acknowledged: true };
  }

  #extend(index: Index, { properties = {}, ...more }: Json): Json {
    const own = propertiesOf(index);
    for (const [field, { type }] of Object.entries(properties as Properties)) {
      const before = own[field]?.type;
      if (before === undefined || before === type) continue;
      const reason = `mapper [${field}] cannot be changed from type [${before}] to [${type}]`;
      throw new Refusal(400, 'illegal_argument_exception', reason);
    }
    const all = { ...own, ...(properties as Properties) };
    index.mappings = { ...index.mappings, ...more, properties: all };
    return { acknowledged: true };
  }

  #get(index: Index, id: string): [number, Json] {
    const found = index.documents.get(id);
    if (found === undefined) return [404, { _id: id, found: false }];
    const { seqNo, source } = found;
    const version = { _seq_no: seqNo, _primary_term: PRIMARY_TERM };
    return [200, { _id: id, ...version, found: true, _source: source }];
  }

  async #refresh(index: Index, parameters: URLSearchParams): Promise<void> {
    if (parameters.get('refresh') !== 'wait_for') return;
    await sleep(this.refreshMs);
    index.visible = new Map(index.documents);
  }

  /** Without `require_alias` a real cluster would make the index. */
  #writable(name: string, parameters: URLSearchParams): Index {
    const isAlias = this.#find(name) !== undefined && !this.indices.has(name);
    if (parameters.get('require_alias') === 'true' && !isAlias) {
      const reason = `no such index [${name}] and [require_alias] request flag is [true] and [${name}] is not an alias`;
      throw new Refusal(404, 'index_not_found_exception', reason);
    }
    return this.#index(name);
  }

  #index(name: string): Index {
    const found = this.#find(name);
    if (found !== undefined) return found;
    throw new Refusal(404, 'index_not_found_exception', `no such index [${name}]`);
  }

  #find(name: string): Index | undefined {
    return this.indices.get(this.#nameOf(name));
  }

  #nameOf(name: string): string {
    const entries = [...this.indices];
    return entries.find(([, { aliases }]) => Object.hasOwn(aliases, name))?.[0] ?? name;
  }
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text, (_, value) => {
      if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) throw new Error();
      return value;
    });
  } catch {
    throw new Refusal(400, 'parsing_exception', 'request body is not valid JSON');
  }
}

const propertiesOf = ({ mappings }: Index) => mappings.properties ?? {};

function save(
  index: Index,
  id: string,
  source: Json,
  parameters: URLSearchParams,
  isNew: boolean,
): [number, Json] {
  const before = index.documents.get(id);
  if (isNew && before !== undefined) {
    throw conflict(id, `document already exists (current version [${before.seqNo}])`);
  }
  checkVersion(id, before, parameters);
  for (const [field, value] of Object.entries(source)) checkField(index, id, field, value);
  index.lastSeqNo += 1;
  index.documents.set(id, { source, seqNo: index.lastSeqNo });
  const result = before === undefined ? 'created' : 'updated';
  return [before === undefined ? 201 : 200, written(index, id, result)];
}

function remove(index: Index, id: string, parameters: URLSearchParams): [number, Json] {
  const before = index.documents.get(id);
  checkVersion(id, before, parameters);
  index.lastSeqNo += 1;
  if (!index.documents.delete(id)) return [404, written(index, id, 'not_found')];
  return [200, written(index, id, 'deleted')];
}

function written({ lastSeqNo }: Index, id: string, result: string): Json {
  return { _id: id, _seq_no: lastSeqNo, _primary_term: PRIMARY_TERM, result };
}

function checkVersion(id: string, before: Document | undefined, parameters: URLSearchParams) {
  const wanted = parameters.get('if_seq_no');
  if (wanted === null) return;
  const term = Number(parameters.get('if_primary_term'));
  if (before?.seqNo === Number(wanted) && term === PRIMARY_TERM) return;
  const now = before === undefined ? 'no document' : `document with seqNo [${before.seqNo}]`;
  throw conflict(id, `required seqNo [${wanted}], primary term [${term}], but found ${now}`);
}

function conflict(id: string, what: string): Refusal {
  return new Refusal(
    409,
    'version_conflict_engine_exception',
    `[${id}]: version conflict, ${what}`,
  );
}

function checkField(index: Index, id: string, field: string, value: unknown): void {
  const property = propertiesOf(index)[field];
  if (property === undefined) {
    const isStrict = index.mappings.dynamic === 'strict';
    if (!isStrict) return;
    const reason = `mapping set to strict, dynamic introduction of [${field}] within [_doc] is not allowed`;
    throw new Refusal(400, 'strict_dynamic_mapping_exception', reason);
  }
  const { type } = property;
  const isNumber = type === 'long' || type === 'integer' || type === 'double';
  if (
    (type === 'date' && Number.isNaN(timeOf(value))) ||
    (isNumber && Number.isNaN(Number(value)))
  ) {
    const reason = `failed to parse field [${field}] of type [${type}] in document with id '${id}'. Preview of field's value: '${value}'`;
    throw new Refusal(400, 'document_parsing_exception', reason);
  }
  if (type === 'keyword' && Buffer.byteLength(String(value)) > MAX_TERM_BYTES) {
    const reason = `Document contains at least one immense term in field="${field}"`;
    throw new Refusal(400, 'illegal_argument_exception', reason);
  }
}

function bulk(index: Index, text: string): Json {
  const lines = text.split('\n').slice(0, -1).map(jsonOf);
  const items: Json[] = [];
  while (lines.length > 0) {
    const [action = '', target] = Object.entries(lines.shift() as Json)[0] ?? [];
    const { _id: id } = target as { _id: string };
    try {
      const [status, result] =
        action === 'delete'
          ? remove(index, id, new URLSearchParams())
          : save(index, id, lines.shift() as Json, new URLSearchParams(), action === 'create');
      items.push({ [action]: { ...result, status } });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { type, message: reason, status } = error;
      items.push({ [action]: { _id: id, status, error: { type, reason } } });
    }
  }
  return {
    errors: items.some((item) => Object.values(item).some((one) => 'error' in (one as Json))),
    items,
  };
}

type Value = string | number | boolean | null;

const timeOf = (value: unknown) => (typeof value === 'number' ? value : Date.parse(String(value)));

/** A value as the index has it: times are milliseconds. */
function indexed(index: Index, field: string, { source }: Document): Value {
  const value = source[field] as Value | undefined;
  if (value === undefined || value === null) return null;
  return propertiesOf(index)[field]?.type === 'date' ? timeOf(value) : value;
}

function search(index: Index, body: SearchBody): Json {
  const sort = body.sort ?? [];
  const order = sort.map((one) => {
    const [field = '', { order: direction } = { order: 'asc' }] = Object.entries(one)[0] ?? [];
    checkSortable(index, field);
    return { field, sign: direction === 'desc' ? -1 : 1 };
  });
  const rank = (found: Document) => order.map(({ field }) => indexed(index, field, found));
  const compare = (a: readonly Value[], b: readonly Value[]) => {
    for (const [position, { sign }] of order.entries()) {
      const [one, other] = [a[position] ?? null, b[position] ?? null];
      if (one === other) continue;
      // What has no value comes last, in both directions.
      if (one === null || other === null) return one === null ? 1 : -1;
      return sign * (one < other ? -1 : 1);
    }
    return 0;
  };
  const after = body.search_after;
  const hits = matching(index, body)
    .map(([id, found]) => ({ _id: id, _source: found.source, sort: rank(found) }))
    .sort((a, b) => compare(a.sort, b.sort))
    .filter((hit) => after === undefined || compare(hit.sort, after) > 0)
    .slice(0, body.size ?? 10);
  return {
    took: 1,
    timed_out: false,
    _shards: { total: 1, successful: 1, failed: 0 },
    hits: { hits },
  };
}

function checkSortable(index: Index, field: string): void {
  const property = propertiesOf(index)[field];
  if (property === undefined) {
    const reason = `No mapping found for [${field}] in order to sort on`;
    throw new Refusal(400, 'query_shard_exception', reason);
  }
  if (property.type !== 'text') return;
  const reason = `Fielddata is disabled on [${field}] in [index]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting`;
  throw new Refusal(400, 'illegal_argument_exception', reason);
}

function matching(index: Index, { query = { match_all: {} } }: Json): [string, Document][] {
  const matches = matcher(index, query as Json);
  return [...index.visible].filter(([, found]) => matches(found));
}

type Matcher = (found: Document) => boolean;

const wordsOf = (text: unknown) =>
  String(text)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** One query of the Query DSL. */
function matcher(index: Index, node: Json): Matcher {
  const [kind = '', value] = Object.entries(node)[0] ?? [];
  const inner = value as QueryOptions;
  const [field = '', options] = Object.entries(inner)[0] ?? [];
  const of = (test: (value: string, found: Value) => boolean, key: string): Matcher => {
    const wanted = String((options as Json)[key]);
    return (found) => {
      const own = indexed(index, field, found);
      return own !== null && test(wanted, own);
    };
  };
  const isDate = propertiesOf(index)[field]?.type === 'date';
  const plain = (one: unknown) => (isDate ? timeOf(one) : one);
  switch (kind) {
    case 'match_all':
      return () => true;
    case 'match_none':
      return () => false;
    case 'term':
      return (found) => indexed(index, field, found) === plain((options as QueryOptions).value);
    case 'terms': {
      const all = (options as unknown[]).map(plain);
      return (found) => all.includes(indexed(index, field, found));
    }
    case 'wildcard': {
      const pattern = new RegExp(
        `^${expressionOf(String((options as QueryOptions).value))}$`,
        'su',
      );
      return of((_, own) => pattern.test(String(own)), 'value');
    }
    case 'prefix':
      return of((wanted, own) => String(own).startsWith(wanted), 'value');
    case 'match':
      return of((wanted, own) => {
        const words = new Set(wordsOf(own));
        const isThere = (word: string) => words.has(word);
        const isAnd = (options as QueryOptions).operator === 'and';
        return isAnd ? wordsOf(wanted).every(isThere) : wordsOf(wanted).some(isThere);
      }, 'query');
    case 'range':
      return (found) => {
        const own = indexed(index, field, found);
        return (
          own !== null &&
          Object.entries(options as Json).every(([bound, limit]) =>
            isWithin(own, bound, plain(limit) as Value),
          )
        );
      };
    case 'exists':
      return (found) => indexed(index, inner.field ?? '', found) !== null;
    case 'bool':
      return boolMatcher(index, inner);
    default:
      throw new Refusal(400, 'parsing_exception', `unknown query [${kind}]`);
  }
}

function boolMatcher(index: Index, inner: QueryOptions): Matcher {
  const parts = (name: string) =>
    ((inner[name] ?? []) as Json[]).map((part) => matcher(index, part));
  const must = [...parts('must'), ...parts('filter')];
  const [should, mustNot] = [parts('should'), parts('must_not')];
  const least = Number(
    inner.minimum_should_match ?? (must.length > 0 ? 0 : Math.min(1, should.length)),
  );
  return (found) =>
    must.every((one) => one(found)) &&
    !mustNot.some((one) => one(found)) &&
    should.filter((one) => one(found)).length >= least;
}

function isWithin(own: Value, bound: string, limit: Value): boolean {
  if (own === null || limit === null) return false;
  switch (bound) {
    case 'gt':
      return own > limit;
    case 'gte':
      return own >= limit;
    case 'lt':
      return own < limit;
    default:
      return own <= limit;
  }
}

/** A pattern with `*` and `?`, which a backslash makes literal, as a regular expression. */
function expressionOf(pattern: string): string {
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return pattern.replace(/\\(.)|(\*)|(\?)|([^\\*?]+)/gsu, (_, escaped, any, one, text) => {
    if (any !== undefined) return '.*';
    return one === undefined ? literal(escaped ?? text) : '.';
  });
}
