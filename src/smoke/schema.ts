import { isObject } from '../is-object.js';
import type { JsonObject } from '../model.js';

/** Checks a value against a JSON Schema; gives null when it fits, else what is wrong. */
export type SchemaCheck = (schema: JsonObject, value: unknown) => string | null;

/**
 * The JSON Schema validator that the v2 client brings (Ajv with formats, 2020-12 and draft-07), loaded on first use.
 * A schema that it cannot compile is what is wrong.
 */
export async function loadSchemaCheck(): Promise<SchemaCheck> {
  const { AjvJsonSchemaValidator } = await import('@modelcontextprotocol/client/validators/ajv');
  const provider = new AjvJsonSchemaValidator();
  return (schema, value) => {
    // A copy without $id: servers use one $id for several schemas, and the validator would mix them up.
    const { $id: _, ...anonymous } = schema;
    try {
      const result = provider.getValidator(anonymous)(value);
      return result.valid ? null : result.errorMessage;
    } catch (error) {
      return `the schema itself is invalid: ${error instanceof Error ? error.message : error}`;
    }
  };
}

/** The keywords that are looked at; a server can put anything behind them. */
interface Schema extends JsonObject {
  readonly $ref?: unknown;
  readonly type?: unknown;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: unknown;
  readonly items?: unknown;
  readonly minItems?: unknown;
  readonly properties?: unknown;
  readonly required?: unknown;
  readonly format?: unknown;
  readonly minLength?: unknown;
  readonly maxLength?: unknown;
  readonly pattern?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly exclusiveMinimum?: unknown;
  readonly exclusiveMaximum?: unknown;
  readonly multipleOf?: unknown;
}

function properties(schema: Schema): Record<string, Schema> {
  return isObject(schema.properties) ? (schema.properties as Record<string, Schema>) : {};
}

/** A member of an object of unknown shape. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/**
 * Makes up the smallest arguments that fit a tool's input schema: required properties only. Null when it finds none,
 * for example for a pattern.
 */
export function exampleArguments(schema: JsonObject, check: SchemaCheck): JsonObject | null {
  const value = example(schema, schema, 0);
  return isObject(value) && check(schema, value) === null ? value : null;
}

/**
 * Arguments in which exactly one property has a wrong type, and that property's name. Kinds that servers convert from
 * other types are tried last. Null when no property can be wrong.
 */
export function wrongArguments(
  schema: JsonObject,
  check: SchemaCheck,
): { readonly arguments: JsonObject; readonly field: string } | null {
  const good = exampleArguments(schema, check);
  if (good === null) return null;
  const candidates = Object.entries(properties(schema)).sort(
    ([, a], [, b]) => convertible(a) - convertible(b),
  );
  for (const [field, property] of candidates) {
    for (const wrong of [{ wrong: true }, 'wrong']) {
      const bad = { ...good, [field]: wrong };
      if (check(property, wrong) !== null && check(schema, bad) !== null) {
        return { arguments: bad, field };
      }
    }
  }
  return null;
}

function convertible(property: Schema): number {
  if (property.enum !== undefined) return 0;
  return property.type === 'string' ? 2 : 1;
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  'uri-reference': '/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

const MAX_DEPTH = 8;

function example(value: unknown, root: JsonObject, depth: number): unknown {
  if (!isObject(value) || depth > MAX_DEPTH) return null;
  const schema: Schema = value;
  if (typeof schema.$ref === 'string') {
    return example(resolve(schema.$ref, root), root, depth + 1);
  }
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  for (const key of ['examples', 'enum']) {
    const values = schema[key];
    if (Array.isArray(values) && values.length > 0) return values[0];
  }
  for (const key of ['anyOf', 'oneOf']) {
    const options = schema[key];
    if (Array.isArray(options))
      return example({ ...schema, [key]: null, ...options[0] }, root, depth + 1);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'string':
      return exampleString(schema);
    case 'integer':
    case 'number':
      return exampleNumber(schema, type === 'integer' ? 1 : 0);
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'array':
      return Array.from({ length: number(schema.minItems) ?? 0 }, () =>
        example(schema.items, root, depth + 1),
      );
    default:
      return exampleObject(schema, root, depth);
  }
}

function exampleObject(schema: Schema, root: JsonObject, depth: number): JsonObject {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const known = properties(schema);
  return Object.fromEntries(
    required.map((name) => [name, example(known[name] ?? { type: 'string' }, root, depth + 1)]),
  );
}

function exampleString(schema: Schema): string {
  const format = schema.format;
  if (typeof format === 'string' && FORMATS[format] !== undefined) return FORMATS[format];
  const min = number(schema.minLength) ?? 0;
  const max = number(schema.maxLength) ?? Number.POSITIVE_INFINITY;
  const pattern = schema.pattern;
  const candidates = ['example', 'a', '1', 'A', 'example-1', '2026-01-01'].map((text) =>
    text.padEnd(min, text).slice(0, Math.min(max, 10_000)),
  );
  if (typeof pattern !== 'string') return candidates[0] ?? '';
  const expression = safeRegExp(pattern);
  return candidates.find((text) => expression?.test(text)) ?? candidates[0] ?? '';
}

function exampleNumber(schema: Schema, whole: number): number {
  const step = number(schema.multipleOf) ?? (whole || undefined);
  const exclusive = number(schema.exclusiveMinimum);
  const low =
    number(schema.minimum) ?? (exclusive === undefined ? undefined : exclusive + (step ?? 0.5));
  const high = number(schema.maximum) ?? number(schema.exclusiveMaximum);
  const start = low ?? (high === undefined ? 1 : Math.min(1, high - (step ?? 0.5)));
  return step === undefined ? start : Math.ceil(start / step) * step;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function safeRegExp(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
}

/** Follows a reference inside the document, such as `#/$defs/Order`. */
function resolve(reference: string, root: JsonObject): unknown {
  if (!reference.startsWith('#/')) return null;
  let at: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    at = isObject(at) ? at[key] : undefined;
  }
  return at;
}
