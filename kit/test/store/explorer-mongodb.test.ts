import { MongoClient } from 'mongodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dangersOf, fieldsOf, mongodbExplorer } from '../../src/store/explorer-mongodb.js';
import { toPipeline, toValues } from '../../src/store/pipeline.js';
import { openPart } from '../support/app.js';
import { mongoStandIn } from '../support/document-stores.js';

const LIMITS = { maxDocuments: 100, maxBytes: 100_000 };
const NOT_STOPPED = new AbortController().signal;
const ORDERS = Array.from({ length: 12 }, (_, n) => ({
  ...{ _id: `o${n}`, customer: `c${n % 3}`, total: n * 10, at: new Date(Date.UTC(2026, 0, n + 1)) },
  items: [{ sku: 'a', count: n }],
}));
const CUSTOMERS = [0, 1, 2].map((n) => ({ _id: `c${n}`, name: `Customer ${n}` }));

async function open(changes: Record<string, string> = {}) {
  const server = await mongoStandIn();
  const client = new MongoClient(server.url);
  onTestFinished(() => client.close());
  const db = client.db();
  await db.collection<{ _id: string }>('orders').insertMany(ORDERS);
  await db.collection<{ _id: string }>('customers').insertMany(CUSTOMERS);
  const env = { DATABASE_URL: server.url, ALLOW_WRITING_ROLE: 'true', ...changes };
  const explorer = openPart(mongodbExplorer(), env);
  onTestFinished(() => explorer.close());
  const names = () => server.commands.map((command) => Object.keys(command)[0]);
  const aggregate = (pipeline: unknown[], limits = LIMITS) =>
    explorer.aggregate('orders', pipeline, limits, NOT_STOPPED);
  const find = (filter: object, more: object = {}, limits = LIMITS) =>
    explorer.find('orders', { filter: { ...filter }, ...more }, limits, NOT_STOPPED);
  return { server, explorer, db, names, aggregate, find };
}

test('collections are listed with estimates, and described by a sample', async () => {
  const { explorer } = await open();
  expect(await explorer.collections(NOT_STOPPED)).toEqual([
    { name: 'customers', kind: 'collection', estimatedDocuments: 3 },
    { name: 'orders', kind: 'collection', estimatedDocuments: 12 },
  ]);
  const details = await explorer.collection('customers', NOT_STOPPED);
  expect(details.fields.map(({ path, types }) => [path, ...types])).toEqual([
    ['_id', 'string'],
    ['name', 'string'],
  ]);
  const missing = explorer.collection('nothing', NOT_STOPPED);
  await expect(missing).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('fields are found at any depth, with all their types', () => {
  const documents = [
    { a: 1, list: [{ b: 'x' }, { b: null }] },
    { a: 'one', list: [] },
  ];
  expect(fieldsOf(documents)).toEqual([
    { path: 'a', types: ['number', 'string'], documents: 2 },
    { path: 'list', types: ['array'], documents: 2 },
    { path: 'list[]', types: ['object'], documents: 1 },
    { path: 'list[].b', types: ['null', 'string'], documents: 1 },
  ]);
});

test('find and aggregate answer questions, in Extended JSON both ways', async () => {
  const { find, aggregate } = await open();
  const since = { at: { $gte: { $date: '2026-01-11T00:00:00Z' } } };
  const recent = await find(since, { sort: { total: -1 }, projection: { at: 1 } });
  expect(recent).toEqual({
    documents: [
      { _id: 'o11', at: { $date: '2026-01-12T00:00:00Z' } },
      { _id: 'o10', at: { $date: '2026-01-11T00:00:00Z' } },
    ],
    isComplete: true,
  });
  const totals = await aggregate([
    { $match: { total: { $gt: 0 } } },
    { $lookup: { from: 'customers', localField: 'customer', foreignField: '_id', as: 'who' } },
    { $unwind: '$who' },
    { $group: { _id: '$who.name', total: { $sum: '$total' } } },
    { $sort: { _id: 1 } },
  ]);
  expect(totals.documents).toEqual([
    { _id: 'Customer 0', total: 180 },
    { _id: 'Customer 1', total: 220 },
    { _id: 'Customer 2', total: 260 },
  ]);
});

test('documents end at the limits, and not even one that fits is said so', async () => {
  const { find, aggregate, server } = await open();
  const five = { ...LIMITS, maxDocuments: 5 };
  for (const result of [await find({}, {}, five), await aggregate([], five)]) {
    expect(result.documents).toHaveLength(5);
    expect(result.isComplete).toBe(false);
  }
  expect((await find({}, {}, { ...LIMITS, maxBytes: 400 })).isComplete).toBe(false);
  const tiny = find({}, {}, { ...LIMITS, maxBytes: 10 });
  await expect(tiny).rejects.toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
  // The database does not send more than is shown.
  for (const command of server.commands) {
    if ('find' in command) expect(command.limit).toBeLessThanOrEqual(101);
    if ('aggregate' in command) {
      expect(command.pipeline.at(-1)).toEqual({ $limit: expect.any(Number) });
    }
  }
});

/** Wherever a stage may stand. */
const nestings: readonly ((stage: unknown) => unknown[])[] = [
  (stage) => [stage],
  (stage) => [{ $match: {} }, stage],
  (stage) => [{ $facet: { a: [stage] } }],
  (stage) => [{ $lookup: { from: 'customers', pipeline: [stage], as: 'x' } }],
  (stage) => [{ $unionWith: { coll: 'customers', pipeline: [stage] } }],
  (stage) => [{ $facet: { a: [{ $lookup: { from: 'customers', pipeline: [stage], as: 'x' } }] } }],
];
const code = 'function() { return true }';
const hostileStages: readonly unknown[] = [
  ...[{ $out: 'orders' }, { $out: { db: 'admin', coll: 'x' } }, { $merge: { into: 'orders' } }],
  ...[{ $merge: 'orders' }, { $currentOp: { allUsers: true } }, { $listSessions: {} }],
  ...[{ $listLocalSessions: {} }, { $changeStream: {} }, { $collStats: {} }, { $indexStats: {} }],
  ...[{ $planCacheStats: {} }, { $documents: [] }, { $queryStats: {} }, { $_internalInhibit: {} }],
  ...[{ $shardedDataDistribution: {} }, { $listCatalog: {} }, { $search: {} }, { $OUT: 'x' }],
  ...[{ $match: {}, $out: 'x' }, {}, null, 'x', [], { '$match ': {} }, { match: {} }],
  ...[
    { $unionWith: { db: 'admin', coll: 'x' } },
    { $unionWith: 7 },
    { $facet: [] },
    { $lookup: 'x' },
  ],
  ...[{ $lookup: { from: { db: 'admin', coll: 'system.users' }, as: 'x', pipeline: [] } }],
  ...[{ $lookup: { from: 'customers', as: 'x', pipeline: { $out: 'x' } } }],
  ...[{ $lookup: { as: 'x', pipeline: [] } }, { $graphLookup: { from: { db: 'a', coll: 'b' } } }],
];
const hostileConditions: readonly object[] = [
  { $where: code },
  { $where: 'sleep(100000)' },
  { a: { $where: code } },
  { $and: [{ $or: [{ $where: code }] }] },
  { $expr: { $function: { body: code, args: [], lang: 'js' } } },
  { $expr: { $eq: [{ $let: { vars: {}, in: { $function: { body: code } } } }, 1] } },
  { a: { $accumulator: {} } },
  { a: { $code: code } },
  { a: { _bsontype: 'Code', code } },
  { a: { $dbPointer: { $ref: 'x', $id: 'y' } } },
  { a: { $nope: 1 } },
  { a: { $date: { $where: code } } },
  { a: { $oid: 'nonsense' } },
  { a: { $regularExpression: 7 } },
  { 'a\0': 1 },
  { a: 'b\0' },
  { a: '\ud83d' },
];

describe('hostile queries', () => {
  test('none of them reaches the database, and its documents are as they were', async () => {
    const { server, db, find, aggregate } = await open();
    const refused = { code: 'INVALID_QUERY' };
    await find({});
    const before = server.commands.length;
    for (const stage of hostileStages) {
      for (const nest of nestings) {
        await expect(aggregate(nest(stage)), JSON.stringify(nest(stage))).rejects.toMatchObject(
          refused,
        );
      }
    }
    for (const condition of hostileConditions) {
      const text = JSON.stringify(condition);
      await expect(find(condition), text).rejects.toMatchObject(refused);
      await expect(find({}, { projection: condition }), text).rejects.toMatchObject(refused);
      for (const nest of nestings) {
        const stages = [
          ...[{ $match: condition }, { $project: { x: condition } }, { $sort: condition }],
          ...[{ $group: { _id: null, x: condition } }, { $addFields: { a: { b: condition } } }],
          ...[{ $redact: { $cond: [condition, '$$KEEP', '$$PRUNE'] } }],
          ...[{ $bucket: { groupBy: '$a', boundaries: [0, 1], output: { x: condition } } }],
          { $graphLookup: { from: 'customers', restrictSearchWithMatch: condition } },
        ];
        for (const stage of stages) {
          await expect(aggregate(nest(stage)), text).rejects.toMatchObject(refused);
        }
      }
    }
    expect(server.commands.slice(before)).toEqual([]);
    expect(await db.collection('orders').find().toArray()).toEqual(ORDERS);
  });

  test('a query that is too deep or too long is refused before it is anything', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) deep = { $not: deep };
    expect(() => toValues({ a: deep })).toThrow('too many levels');
    let nested: unknown[] = [];
    for (let level = 0; level < 5_000; level += 1) nested = [{ $facet: { a: nested } }];
    expect(() => toPipeline(nested)).toThrow('too many levels');
    expect(() => toPipeline(Array.from({ length: 51 }, () => ({ $match: {} })))).toThrow('50');
  });

  test('collections of the database itself, of others and those that are not there are not read', async () => {
    const { explorer, aggregate, names } = await open();
    for (const name of [
      'system.users',
      'system.views',
      'admin.system.users',
      '$cmd',
      'nothing',
      '',
    ]) {
      const notFound = { code: 'NOT_FOUND' };
      await expect(explorer.find(name, {}, LIMITS, NOT_STOPPED)).rejects.toMatchObject(notFound);
      const lookups = [
        { $lookup: { from: name, localField: 'a', foreignField: 'b', as: 'x' } },
        { $unionWith: name },
        { $unionWith: { coll: name } },
        { $graphLookup: { from: name } },
        { $facet: { a: [{ $lookup: { from: name, pipeline: [], as: 'x' } }] } },
      ];
      for (const stage of lookups) {
        await expect(aggregate([stage])).rejects.toMatchObject(notFound);
      }
    }
    expect(names()).not.toContain('aggregate');
  });

  test('only commands that read are ever sent', async () => {
    const { explorer, server, find, aggregate, names } = await open();
    const before = server.commands.length;
    await explorer.collections(NOT_STOPPED);
    await explorer.collection('orders', NOT_STOPPED);
    await find({ total: { $gt: 1 } });
    await aggregate([{ $sample: { size: 1 } }]);
    await explorer.ping();
    const reading = ['connectionStatus', 'listCollections', 'count', 'aggregate', 'listIndexes'];
    for (const name of names().slice(before)) {
      expect([...reading, 'find', 'ping', 'killCursors']).toContain(name);
    }
  });

  test('a name such as __proto__ is a name', () => {
    const value = toValues(JSON.parse('{"__proto__": {"$eq": 1}, "constructor": 2}'));
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['$eq']).toBeUndefined();
  });
});

test('a query has a time limit at the database, and stops there when its caller does', async () => {
  const { server, find, explorer } = await open({ DATABASE_TIMEOUT_MS: '150' });
  await find({});
  server.block('find');
  await expect(find({})).rejects.toMatchObject({
    code: 'STORE_TIMEOUT',
    message: 'The query took too long and was stopped.',
  });
  expect(server.stopped).toEqual(['find']);
  const patient = await open();
  await patient.find({});
  patient.server.block('find');
  const gone = patient.explorer.find('orders', {}, LIMITS, AbortSignal.timeout(50));
  await expect(gone).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect.poll(() => patient.server.stopped).toEqual(['find']);
  server.block();
  expect((await explorer.find('orders', {}, LIMITS, NOT_STOPPED)).documents).toHaveLength(12);
});

test('a mistake in a query is told in the words of the database, an outage in ours', async () => {
  const { server, aggregate, find } = await open();
  const wrong = aggregate([{ $project: { x: { $dateToString: { date: 'x', format: 7 } } } }]);
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_QUERY' });
  server.fail(13);
  await expect(find({})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
});

test('a server without passwords is refused, unless that is allowed', async () => {
  const { explorer } = await open({ ALLOW_WRITING_ROLE: 'false' });
  await expect(explorer.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

test('a role that may do more than read is told what', () => {
  const of = (...actions: string[]) =>
    dangersOf({
      authenticatedUsers: [{ user: 'a', db: 'app' }],
      authenticatedUserPrivileges: [{ resource: { db: 'app', collection: '' }, actions }],
    });
  expect(of('find', 'listCollections', 'listIndexes', 'collStats', 'dbStats')).toEqual([]);
  expect(of('find', 'insert', 'remove')).toEqual(['it may insert, remove']);
  expect(of('anyAction')).toEqual(['it may anyAction']);
  expect(dangersOf({ authenticatedUsers: [] })).toHaveLength(1);
  expect(dangersOf(undefined)).toHaveLength(1);
});
