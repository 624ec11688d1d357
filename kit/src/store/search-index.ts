import type * as z from 'zod/v4';
import { checkText, searchable } from './text.js';

export { searchable } from './text.js';

/** A document and its id, which is also the field `id` and breaks ties between documents of one rank. */
export interface Identified {
  readonly id: string;
}

/** An index and what its documents are: `indices/<name>.json` has its mapping. */
export interface IndexDefinition<Doc extends Identified = Identified> {
  readonly name: string;
  readonly document: z.ZodType<Doc>;
}

/**
 * Names an index, and checks its documents when they are written and read.
 * @param document of what JSON has: a time is a text (`z.iso.datetime()`)
 */
export function defineIndex<Doc extends Identified>(
  name: string,
  document: z.ZodType<Doc>,
): IndexDefinition<Doc> {
  return { name, document };
}

/** Which state of a document it is. A change with `ifVersion` is made only while the document is in that state. */
export interface Version {
  readonly seqNo: number;
  readonly primaryTerm: number;
}

export interface StoredDocument<Doc> {
  readonly document: Doc;
  readonly version: Version;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether searches see the change when the call returns. `wait` (the default) waits for the index's next refresh, up to
   * `refresh_interval`; `later` does not wait, for imports. `get` sees every change at once.
   */
  readonly refresh?: 'wait' | 'later';
}

export interface ChangeOptions extends WriteOptions {
  /** @throws {ToolError} `CONFLICT` when the document has changed since. */
  readonly ifVersion?: Version | undefined;
}

export interface Search {
  /** By default every document. */
  readonly query?: Query;
  /** Fields that every document has. `id` comes last by itself. */
  readonly sort?: readonly (readonly [field: string, order: 'asc' | 'desc'])[];
  /** `next` of the page before. */
  readonly after?: Cursor | undefined;
  /** At most 1,000. */
  readonly limit: number;
}

/** The values of the last document of a page in the fields of `sort`, and its id. */
export type Cursor = readonly (string | number | boolean | null)[];

export interface SearchPage<Doc> {
  readonly documents: Doc[];
  /** Where the next page begins; `undefined` when this is the last one. */
  readonly next: Cursor | undefined;
}

export type BulkOperation<Doc> =
  | { readonly create: Doc }
  | { readonly put: Doc }
  | { readonly delete: string };

/** What became of one operation. */
export interface BulkOutcome {
  readonly id: string;
  /** Why it was not done. */
  readonly error?: Error;
}

/** Documents in indices. All throw `ToolError`s that say when the same may work later. */
export interface SearchStore {
  /** The document as it is now, also when no search sees it yet; `undefined` when there is none. */
  get<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    id: string,
    signal?: AbortSignal,
  ): Promise<StoredDocument<Doc> | undefined>;
  /** Saves a new document. @throws {ToolError} `CONFLICT` when there is one with its id */
  create<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    document: Doc,
    options?: WriteOptions,
  ): Promise<Version>;
  /** Saves a document, in the place of one with its id. @throws {ToolError} `CONFLICT` */
  put<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    document: Doc,
    options?: ChangeOptions,
  ): Promise<Version>;
  /**
   * Changes fields of a document and checks what it becomes, without losing what others change at the same time.
   * @throws {ToolError} `CONFLICT` when others were faster each time, or `ifVersion` does not hold
   * @returns `undefined` when there is no such document
   */
  update<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    id: string,
    changes: Partial<Omit<Doc, 'id'>>,
    options?: ChangeOptions,
  ): Promise<StoredDocument<Doc> | undefined>;
  /** @returns whether there was one @throws {ToolError} `CONFLICT` */
  delete(index: IndexDefinition, id: string, options?: ChangeOptions): Promise<boolean>;
  /** Up to 1,000 operations in one request, each for itself: some may fail and the others be done. */
  bulk<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    operations: readonly BulkOperation<Doc>[],
    options?: WriteOptions,
  ): Promise<BulkOutcome[]>;
  /** One page of documents. */
  search<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    search: Search,
    signal?: AbortSignal,
  ): Promise<SearchPage<Doc>>;
  count(index: IndexDefinition, query?: Query, signal?: AbortSignal): Promise<number>;
  /** Every document in the order of ids, page by page: those that stay while the loop runs come once each. */
  all<Doc extends Identified>(
    index: IndexDefinition<Doc>,
    options?: { readonly query?: Query; readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<Doc>;
  /** Rejects when the indices cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a field can be compared with. A `Date` is sent as ISO 8601, UTC. */
export type FieldValue = string | number | boolean | Date;

/** A query, made with the functions of `query` alone: JSON that somebody sends is none. */
export class Query {
  readonly #json: object;

  private constructor(json: object) {
    this.#json = json;
  }

  /** @internal */
  static of(json: object): Query {
    return new Query(json);
  }

  /** As the search API has it. @throws {TypeError} for what is no query */
  static toJson(value: Query): object {
    if (typeof value !== 'object' || value === null || !(#json in value)) {
      throw new TypeError('A query is made with query.is, query.contains and the like.');
    }
    return value.#json;
  }
}

/** The parts of queries. A value is compared with a field and is never read as query syntax. */
export const query = {
  all: (): Query => Query.of({ match_all: {} }),

  /**
   * Whether a field has this value (keyword, number, boolean, date). A date field reads a text as a date, also `now`: compare it with
   * a `Date`.
   */
  is: (field: string, value: FieldValue): Query =>
    Query.of({ term: { [fieldName(field)]: { value: plain(value) } } }),

  /** Whether a field has one of these values. */
  oneOf: (field: string, values: readonly FieldValue[]): Query =>
    Query.of({ terms: { [fieldName(field)]: values.map(plain) } }),

  /** Whether a `wildcard` or `keyword` field, saved with `searchable`, contains a text in any case. */
  contains: (field: string, text: string): Query =>
    text === ''
      ? query.exists(field)
      : Query.of({ wildcard: { [fieldName(field)]: { value: `*${literal(searchable(text))}*` } } }),

  /** Whether a `keyword` field begins with a text. */
  startsWith: (field: string, text: string): Query =>
    Query.of({ prefix: { [fieldName(field)]: { value: textOf(text) } } }),

  /** Whether a `text` field has all words of a text, as its analyzer cuts them. */
  matches: (field: string, text: string): Query =>
    Query.of({ match: { [fieldName(field)]: { query: textOf(text), operator: 'and' } } }),

  /** Whether a number or a time lies between bounds. */
  range: (
    field: string,
    bounds: { readonly [Bound in 'gt' | 'gte' | 'lt' | 'lte']?: number | Date },
  ): Query =>
    Query.of({
      range: {
        [fieldName(field)]: Object.fromEntries(
          (['gt', 'gte', 'lt', 'lte'] as const).flatMap((bound) => {
            const value = bounds[bound];
            return value === undefined ? [] : [[bound, numberOf(value)]];
          }),
        ),
      },
    }),

  exists: (field: string): Query => Query.of({ exists: { field: fieldName(field) } }),
  and: (...parts: readonly Query[]): Query =>
    parts.length === 0 ? query.all() : Query.of({ bool: { must: parts.map(Query.toJson) } }),
  /** Nothing, when there are no parts. */
  or: (...parts: readonly Query[]): Query =>
    parts.length === 0
      ? Query.of({ match_none: {} })
      : Query.of({ bool: { should: parts.map(Query.toJson), minimum_should_match: 1 } }),
  not: (part: Query): Query => Query.of({ bool: { must_not: [Query.toJson(part)] } }),
};

/** Fields are named by code, but a pattern among them would search in others, too. @throws {TypeError} */
export function fieldName(field: string): string {
  if (!/^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(field)) {
    throw new TypeError(`${JSON.stringify(field)} is not the name of a field.`);
  }
  return field;
}

function literal(text: string): string {
  return textOf(text).replace(/[*?\\]/g, '\\$&');
}

function textOf(text: string): string {
  if (typeof text !== 'string') throw new TypeError('This query compares with a text.');
  checkText(text);
  return text;
}

function numberOf(value: number | Date): number | string {
  const own = plain(value);
  if (typeof value === 'string' || typeof own === 'boolean') {
    throw new TypeError('A range lies between numbers or dates.');
  }
  return own;
}

function plain(value: FieldValue): string | number | boolean {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'boolean' || Number.isFinite(value)) return value as number | boolean;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  throw new TypeError('A query compares with texts, numbers, booleans and dates.');
}
