/** Documents in collections: what tools use, whatever database has them. */
import type * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';
import { checkText, searchable } from './text.js';

export { searchable };

/** A value that a condition compares with. */
export type Scalar = string | number | bigint | boolean | null | Date | Uint8Array;

type Field<Doc> = Extract<keyof Doc, string>;
/** A field, or a place within one: `address.city`. */
type Path<Doc> = Field<Doc> | `${Field<Doc>}.${string}`;

export type Direction = 'ascending' | 'descending';

export interface Index<Doc> {
  readonly fields: { readonly [Name in Path<Doc>]?: Direction };
  /** No two documents may have the same values: a second one is refused with `CONFLICT`. */
  readonly unique?: boolean;
  /** For one field with a time: documents are deleted when it is so long ago (seconds). */
  readonly expireAfter?: number;
}

/** Documents of one kind. */
export interface Collection<Doc> {
  readonly name: string;
  /** What a document is; it is checked when it is written and when it is read. */
  readonly document: z.ZodType<Doc>;
  readonly fields: Readonly<Record<string, z.ZodType>>;
  readonly indexes: readonly Index<Doc>[];
}

/**
 * Defines a collection:
 *
 *     const USERS = defineCollection({
 *       name: 'users',
 *       document: z.object({ _id: z.string(), email: z.string(), createdAt: z.date() }),
 *       indexes: [{ fields: { email: 'ascending' }, unique: true }],
 *     });
 */
export function defineCollection<Schema extends z.ZodObject>({
  name,
  document,
  indexes = [],
}: {
  readonly name: string;
  readonly document: Schema;
  readonly indexes?: readonly Index<z.output<Schema>>[];
}): Collection<z.output<Schema>> {
  return {
    name,
    document: document as unknown as z.ZodType<z.output<Schema>>,
    fields: document.shape as Readonly<Record<string, z.ZodType>>,
    indexes,
  };
}

type Comparable<Value> = Value extends readonly (infer Item)[] ? Item : Value;

/**
 * Which documents: those that meet all conditions. A plain value is what the field equals, or what one of its items does; everything
 * else is written with `where`. `null` also stands for a field that is not there.
 */
export type Where<Doc> = {
  readonly [Name in Field<Doc>]?: Comparable<Doc[Name]> | Condition;
} & { readonly [path: `${string}.${string}`]: Scalar | Condition };

/** What was made with `where`. Data that only look like it have no private field, so they cannot become operators. */
export class Condition {
  readonly #isOurs = true;

  constructor(readonly operators: Readonly<Record<string, unknown>>) {}

  static is(value: unknown): value is Condition {
    return typeof value === 'object' && value !== null && #isOurs in value;
  }
}

const compare = (operator: string) => (value: Scalar) =>
  new Condition({ [operator]: scalar(value) });

const compareAll = (operator: string) => (values: readonly Scalar[]) =>
  new Condition({ [operator]: values.map(scalar) });

/** Conditions other than equality: `store.find(USERS, { createdAt: where.atLeast(start) }, …)`. */
export const where = {
  above: compare('$gt'),
  atLeast: compare('$gte'),
  below: compare('$lt'),
  atMost: compare('$lte'),
  not: compare('$ne'),
  in: compareAll('$in'),
  notIn: compareAll('$nin'),
  /** Both of two conditions on one field, such as a range. */
  both(one: Condition, other: Condition): Condition {
    return new Condition({ ...one.operators, ...other.operators });
  },
  /** Whether a field that was saved with `searchable` contains a text, in any case. It looks at every document. */
  contains(text: string): Condition {
    checkText(text);
    const literal = searchable(text).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    return new Condition({ $regex: literal });
  },
};

/** Adds to a number, at the database. */
export class Increment {
  constructor(readonly by: number) {
    if (!Number.isFinite(by)) throw new TypeError(`${by} cannot be added.`);
  }
}

/** Adds to a number without reading it first: `store.update(USERS, { _id }, { logins: increment(1) })`. */
export const increment = (by: number): Increment => new Increment(by);

export type Changes<Doc> = {
  readonly [Name in Exclude<Field<Doc>, '_id'>]?: Doc[Name] | Increment;
};

export interface FindOptions<Doc> {
  /** How many documents at the most: 1 to 10,000. */
  readonly limit: number;
  readonly sort?: { readonly [Name in Field<Doc>]?: Direction };
  /** The fields of `sort` as the last document of the page before has them. Sort by a field that is unique, last. */
  readonly after?: Partial<Doc> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What works on documents: the store, or a transaction in it. All throw `ToolError`s that say when the same may work later. */
export interface DocumentRunner {
  /**
   * @throws {ToolError} `STORE_UNAVAILABLE`, `STORE_BUSY` or `STORE_TIMEOUT` when it may work later.
   */
  find<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    options: FindOptions<Doc>,
  ): Promise<Doc[]>;
  /** The document, or `undefined`. @throws {Error} when there is more than one. */
  optional<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<Doc | undefined>;
  /** The only document. @throws {Error} when there is none, or more than one. */
  one<Doc>(collection: Collection<Doc>, where: Where<Doc>, signal?: AbortSignal): Promise<Doc>;
  count<Doc>(collection: Collection<Doc>, where: Where<Doc>, signal?: AbortSignal): Promise<number>;
  /** @throws {ToolError} `CONFLICT` when an index or `_id` must be unique and is not. */
  insert<Doc>(
    collection: Collection<Doc>,
    document: NoInfer<Doc>,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Changes the fields that are named, in every document that is meant, and returns how many those are.
   * @throws {ToolError} `CONFLICT` as `insert` does
   */
  update<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    changes: Changes<Doc>,
    signal?: AbortSignal,
  ): Promise<number>;
  /** Deletes every document that is meant, and returns how many those were. */
  delete<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    signal?: AbortSignal,
  ): Promise<number>;
}

/** A database of documents. A write that is under way when its caller stops may still be made; in a transaction it is undone. */
export interface DocumentStore extends DocumentRunner {
  /**
   * Runs `work` in one transaction: all that it does becomes visible when it is done, or nothing when it throws or `signal` is aborted.
   * There are none within another.
   * @throws {ToolError} `STORE_BUSY` when another transaction has changed the same documents
   */
  transaction<T>(
    work: (tx: DocumentRunner) => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
  /** Documents one after the other; no more of them are in memory than the next `batch` (by default 100). */
  stream<Doc>(
    collection: Collection<Doc>,
    where: Where<Doc>,
    options?: Pick<FindOptions<Doc>, 'sort' | 'signal'> & { readonly batch?: number },
  ): AsyncIterable<Doc>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const MAX_LIMIT = 10_000;

/** @throws {RangeError} unless it is from 1 to 10,000 */
export function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new RangeError(`A limit is a whole number from 1 to ${MAX_LIMIT}, not ${limit}.`);
}

/**
 * Conditions as MongoDB takes them. A value can only be a value: it stands behind an operator that is written here.
 * @throws {ToolError} `INVALID_INPUT` for a text that cannot be stored
 * @throws {TypeError} for a field that the collection does not have, and for what is no value, such as `undefined` or an object
 */
export function filterOf<Doc>(
  collection: Collection<Doc>,
  conditions: Where<Doc>,
): Record<string, unknown> {
  const filter: Record<string, unknown> = Object.create(null);
  for (const [path, value] of Object.entries<unknown>(conditions)) {
    checkPath(collection, path);
    filter[path] = Condition.is(value) ? value.operators : { $eq: scalar(value) };
  }
  return filter;
}

/** An order as MongoDB takes it. */
export function sortOf<Doc>(
  collection: Collection<Doc>,
  sort: { readonly [name: string]: Direction | undefined } = {},
): [string, 1 | -1][] {
  return Object.entries(sort).map(([path, direction]) => {
    checkPath(collection, path);
    return [path, direction === 'descending' ? -1 : 1];
  });
}

/**
 * What comes after a document in an order: it is further on in one field, and the same in those before.
 * @throws {TypeError} when the document lacks a field of the order
 */
export function laterThan(
  order: readonly (readonly [string, 1 | -1])[],
  last: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    $or: order.map(([path, direction], index) => ({
      ...Object.fromEntries(
        order.slice(0, index).map(([before]) => [before, { $eq: scalar(last[before]) }]),
      ),
      [path]: { [direction === 1 ? '$gt' : '$lt']: scalar(last[path]) },
    })),
  };
}

/** A document as it is written. @throws as `filterOf` does, and when it is not what its collection says */
export function documentOf<Doc>(
  collection: Collection<Doc>,
  document: Doc,
): Record<string, unknown> {
  return encodeValue(collection.document.parse(document), collection.name, 0) as Record<
    string,
    unknown
  >;
}

/** Changes as MongoDB takes them. @throws as `documentOf` does */
export function updateOf<Doc>(
  collection: Collection<Doc>,
  changes: Changes<Doc>,
): Record<string, Record<string, unknown>> {
  const set: Record<string, unknown> = {};
  const add: Record<string, unknown> = {};
  for (const [name, value] of Object.entries<unknown>(changes)) {
    const schema = collection.fields[name];
    if (schema === undefined || name === '_id') {
      throw new TypeError(`${collection.name} has no field ${name} that can be changed.`);
    }
    if (value instanceof Increment) add[name] = value.by;
    else if (value === undefined) throw new TypeError(`${name} is undefined.`);
    else set[name] = encodeValue(schema.parse(value), name, 0);
  }
  if (Object.keys(changes).length === 0) throw new TypeError('There is nothing to change.');
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(Object.keys(add).length > 0 && { $inc: add }),
  };
}

function checkPath(collection: Pick<Collection<unknown>, 'name' | 'fields'>, path: string): void {
  const [name = '', ...rest] = path.split('.');
  const isKnown =
    Object.hasOwn(collection.fields, name) && rest.every((part) => /^\w+$/.test(part));
  if (!isKnown) throw new TypeError(`${collection.name} has no field ${JSON.stringify(path)}.`);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** @throws {TypeError} for what is no value, such as `undefined` or an object, which could be an operator */
function scalar(value: unknown): Scalar {
  switch (typeof value) {
    case 'string':
      checkText(value);
      return value;
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'bigint':
      if (value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return value;
      break;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  }
  throw new TypeError(
    'A value must be text, a finite number, a bigint of 64 bits, a boolean, a date, bytes or null.',
  );
}

/** As deep as the database allows. */
const MAX_DEPTH = 100;

function encodeValue(value: unknown, path: string, depth: number): unknown {
  if (depth > MAX_DEPTH) {
    throw new ToolError('INVALID_INPUT', 'A value has more levels than can be stored.');
  }
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, path, depth + 1));
  if (!isPlain(value)) return scalar(value);
  const copy: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    // The driver takes what has a `_bsontype` for a value of its own; operators begin with a dollar.
    if (/^\$|\.|^_bsontype$|^__proto__$/.test(name)) {
      throw new ToolError('INVALID_INPUT', `A field cannot be called ${JSON.stringify(name)}.`, {
        text: name,
      });
    }
    checkText(name);
    if (part !== undefined) copy[name] = encodeValue(part, `${path}.${name}`, depth + 1);
  }
  return copy;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
