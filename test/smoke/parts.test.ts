import { expect, test } from 'vitest';
import { redactor } from '../../src/smoke/redact.js';
import { exampleArguments, loadSchemaCheck, wrongArguments } from '../../src/smoke/schema.js';
import { parseMessage } from '../../src/smoke/stdio-transport.js';
import {
  fillTemplate,
  fillText,
  findValue,
  matchesTemplate,
} from '../../src/smoke/uri-template.js';

const check = await loadSchemaCheck();
const object = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});

test.each([
  [{ type: 'string' }, 'example'],
  [{ type: 'string', minLength: 10 }, 'exampleexa'],
  [{ type: 'string', maxLength: 3 }, 'exa'],
  [{ type: 'string', pattern: '^[A-Z]$' }, 'A'],
  [{ type: 'string', format: 'email' }, 'someone@example.com'],
  [{ type: 'string', format: 'uuid' }, '00000000-0000-4000-8000-000000000000'],
  [{ type: 'string', format: 'date-time' }, '2026-01-01T00:00:00Z'],
  [{ type: 'string', format: 'uri' }, 'https://example.com/'],
  [{ type: 'string', enum: ['open', 'paid'] }, 'open'],
  [{ type: 'string', default: 'standard' }, 'standard'],
  [{ const: 7 }, 7],
  [{ type: 'integer' }, 1],
  [{ type: 'integer', minimum: 5, multipleOf: 4 }, 8],
  [{ type: 'integer', exclusiveMinimum: 2 }, 3],
  [{ type: 'integer', maximum: -3 }, -4],
  [{ type: 'number', exclusiveMinimum: 0 }, 0.5],
  [{ type: 'number', minimum: 0.2, maximum: 0.4 }, 0.2],
  [{ type: 'boolean' }, false],
  [{ type: 'null' }, null],
  [{ type: ['integer', 'null'] }, 1],
  [{ type: 'array', items: { type: 'integer' } }, []],
  [{ type: 'array', items: { type: 'integer' }, minItems: 2 }, [1, 1]],
  [object({ a: { type: 'string' }, b: { type: 'integer' } }, ['b']), { b: 1 }],
  [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, 1],
  [{ $ref: '#/$defs/State' }, 'open'],
])('an example for %j', (schema, value) => {
  const root = { ...object({ it: schema }), $defs: { State: { enum: ['open'] } } };
  expect(exampleArguments(root, check)).toEqual({ it: value });
});

test('no example when none is found', () => {
  expect(
    exampleArguments(object({ it: { type: 'string', pattern: '^\\d{4}-Q[1-4]$' } }), check),
  ).toBe(null);
});

test('no arguments are needed', () => {
  expect(exampleArguments({ type: 'object' }, check)).toEqual({});
  expect(wrongArguments({ type: 'object' }, check)).toBe(null);
});

test('a wrong argument: one field of a type that nobody converts', () => {
  const schema = object({ name: { type: 'string' }, state: { enum: ['open'] } });
  expect(wrongArguments(schema, check)).toEqual({
    arguments: { name: 'example', state: { wrong: true } },
    field: 'state',
  });
  expect(wrongArguments(object({ filter: object({}) }, []), check)).toEqual({
    arguments: { filter: 'wrong' },
    field: 'filter',
  });
});

test('a schema with an $id that several tools share is read anew each time', () => {
  const first = { $id: 'urn:input', ...object({ a: { type: 'string' } }) };
  const second = { $id: 'urn:input', ...object({ b: { type: 'string' } }) };
  expect(check(first, { a: 'x' })).toBe(null);
  expect(check(second, { b: 'x' })).toBe(null);
  expect(check(second, { a: 'x' })).toMatch(/must have required property 'b'/);
});

test('a schema that does not compile is what is wrong', () => {
  expect(check({ type: 'objekt' }, {})).toMatch(/^the schema itself is invalid/);
});

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{}}', true],
  ['{"jsonrpc":"2.0","method":"notifications/message"}', true],
  ['{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}', true],
  ['{"jsonrpc":"2.0","id":1}', false],
  ['{"level":30,"msg":"started"}', false],
  ['[]', false],
  ['null', false],
  ['', false],
  ['Server started', false],
])('JSON-RPC or not: %s', (line, known) => {
  expect(parseMessage(line) !== null).toBe(known);
});

test('fills URI templates from a result', () => {
  const result = { note: { id: 'a b', tags: ['x'] }, page: { number: 3 } };
  expect(fillTemplate('note:///{id}', result)).toBe('note:///a%20b');
  expect(fillTemplate('note:///{+id}{?view}', result)).toBe('note:///a%20b');
  expect(fillTemplate('note:///{number}/{missing}', result)).toBe(null);
  expect(fillTemplate('note:///list', null)).toBe('note:///list');
  expect(fillText('{id} and {number}', result)).toBe('a b and 3');
  expect(fillText('{missing}', result)).toBe(null);
  expect(findValue([{ deep: [{ id: 4 }] }], 'id')).toBe('4');
  expect(matchesTemplate('note:///{id}', 'note:///7')).toBe(true);
  expect(matchesTemplate('note:///{id}', 'order:///7')).toBe(false);
  expect(matchesTemplate('file:///a.b/{x}', 'file:///aXb/1')).toBe(false);
});

test('removes secrets from what servers write', () => {
  const redact = redactor(['ci:0123456789abcdef,laptop:fedcba9876543210', 'short']);
  expect(redact('key 0123456789abcdef and fedcba9876543210, short')).toBe(
    'key [redacted] and [redacted], [redacted]',
  );
  expect(redact('connect postgres://app:hunter2@db/x')).toBe(
    'connect postgres://app:[redacted]@db/x',
  );
  expect(redact('authorization: Bearer abcdefgh12345678')).toBe('authorization: Bearer [redacted]');
  expect(redact('token eyJhbGciOi.eyJzdWIi.c2ln')).toBe('token [redacted]');
  expect(redact('www-authenticate: Bearer realm="x"')).toBe('www-authenticate: Bearer realm="x"');
});
