/**
 * A server that speaks MongoDB's wire protocol, with documents in memory: this machine's registries have no MongoDB. The protocol,
 * cursors, indexes and transactions are written here after the manual; what filters, updates and pipelines mean is mingo's work. It
 * stands for a replica set of one. It knows no users, no TLS, no plans and no limits of memory, and it is fast.
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aggregator, Query } from 'mingo';
import { updateOne } from 'mingo/updater';
import { BSON, MongoClient } from 'mongodb';

const { deserialize, Long, serialize, UUID } = BSON;

// biome-ignore lint/suspicious/noExplicitAny: a document has whatever fields its sender likes.
type Document = any;

export interface MongoStandIn {
  readonly port: number;
  /** The commands that came, in their order, but those of monitoring. */
  readonly commands: readonly Document[];
  /** The names of commands that were stopped, because their time was over or their caller had gone. */
  readonly stopped: readonly string[];
  /** From now on commands of this name take until they are stopped; `undefined`: none does. */
  block(command?: string): void;
  /** From now on each command fails with this number; `undefined`: none does. */
  fail(code?: number): void;
  close(): Promise<void>;
}

interface Failure {
  readonly code: number;
  readonly errmsg: string;
  readonly [name: string]: unknown;
}

class CommandError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.errmsg);
  }
}

/** The documents of a database, by collection. They are replaced, never changed. */
type Collections = Map<string, Document[]>;
interface Database {
  collections: Collections;
  readonly indexes: Map<string, { key: Document; unique?: boolean; name: string }[]>;
}

interface Transaction {
  readonly database: Database;
  /** As everything was at the beginning, and with its own changes. */
  readonly own: Collections;
  readonly before: Collections;
  readonly written: Map<string, Set<string>>;
}

const idOf = (document: Document) => JSON.stringify(serialize({ _id: document['_id'] }));
/** The commands of a driver that looks whether a server is there. */
const MONITORING = ['hello', 'ismaster', 'isMaster', 'endSessions'];

/** Drops the database that an address names. */
export async function dropMongoDatabase(url: string): Promise<void> {
  const client = new MongoClient(url);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

/** Starts it on a free port of this machine, or on `port`. The caller closes it. */
export async function startMongoStandIn(port = 0): Promise<MongoStandIn> {
  const databases = new Map<string, Database>();
  const transactions = new Map<string, Transaction>();
  const cursors = new Map<bigint, { readonly ns: string; rest: Document[] }>();
  const retried = new Map<string, Document>();
  const commands: Document[] = [];
  const stopped: string[] = [];
  const sockets = new Set<Socket>();
  let blocked: string | undefined;
  let failing: number | undefined;
  let lastCursor = 0n;

  const databaseOf = (name: string) => {
    let database = databases.get(name);
    if (database === undefined) {
      database = { collections: new Map(), indexes: new Map() };
      databases.set(name, database);
    }
    return database;
  };

  /** Sees and changes what one command may. */
  function viewOf(command: Document, collection: string) {
    const database = databaseOf(command['$db']);
    const key = transactionKey(command);
    let transaction: Transaction | undefined;
    if (command['autocommit'] === false && key !== undefined) {
      if (command['startTransaction'] === true) {
        const copy = () =>
          new Map([...database.collections].map(([name, all]) => [name, [...all]]));
        transactions.set(key, { database, own: copy(), before: copy(), written: new Map() });
      }
      transaction = transactions.get(key);
      if (transaction === undefined) {
        throw new CommandError({ code: 251, errmsg: 'no such transaction' });
      }
    }
    const all = () => (transaction?.own ?? database.collections).get(collection) ?? [];
    return {
      all,
      async replace(old: Document | undefined, next: Document | undefined): Promise<void> {
        const id = idOf((next ?? old) as Document);
        await this.claim(id);
        if (next !== undefined) checkUnique(database, collection, all(), old, next);
        const documents = all().filter((one) => one !== old);
        if (next !== undefined) {
          const place = old === undefined ? documents.length : all().indexOf(old);
          documents.splice(place, 0, next);
        }
        (transaction?.own ?? database.collections).set(collection, documents);
      },
      /** Who writes first wins; what is in no transaction waits. */
      async claim(id: string): Promise<void> {
        const isTaken = () =>
          [...transactions.values()].some(
            (other) => other !== transaction && other.written.get(collection)?.has(id),
          );
        while (transaction === undefined && isTaken()) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        if (transaction === undefined) return;
        const find = (from: Collections) => from.get(collection)?.find((one) => idOf(one) === id);
        if (isTaken() || find(database.collections) !== find(transaction.before)) {
          transactions.delete(key ?? '');
          throw new CommandError({
            ...{ code: 112, codeName: 'WriteConflict', errmsg: 'WriteConflict' },
            errorLabels: ['TransientTransactionError'],
          });
        }
        const ids = transaction.written.get(collection) ?? new Set();
        transaction.written.set(collection, ids.add(id));
      },
    };
  }

  function cursorOf(command: Document, collection: string, found: Document[]): Document {
    const size = command['batchSize'] ?? command['cursor']?.batchSize ?? 101;
    const ns = `${command['$db']}.${collection}`;
    const firstBatch = found.slice(0, size);
    const rest = found.slice(size);
    let id = 0n;
    if (rest.length > 0 && command['singleBatch'] !== true) {
      lastCursor += 1n;
      id = lastCursor;
      cursors.set(id, { ns, rest });
    }
    return { cursor: { id: Long.fromBigInt(id), ns, firstBatch } };
  }

  /** Runs each change of a bulk, and gathers what is wrong with them. */
  async function writeAll(changes: Document[], write: (change: Document) => Promise<number>) {
    let n = 0;
    for (const [index, change] of changes.entries()) {
      try {
        n += await write(change);
      } catch (error) {
        if (!(error instanceof CommandError) || error.failure.code === 112) throw error;
        return { n, writeErrors: [{ index, ...error.failure }] };
      }
    }
    return { n };
  }

  const handlers: Record<string, (command: Document) => Document | Promise<Document>> = {
    ping: () => ({}),
    endSessions: () => ({}),
    connectionStatus: () => ({
      authInfo: {
        authenticatedUsers: [],
        authenticatedUserRoles: [],
        authenticatedUserPrivileges: [],
      },
    }),
    find(command) {
      const cursor = new Query(command['filter'] ?? {}).find(
        viewOf(command, command['find']).all(),
      );
      if (command['sort'] !== undefined && Object.keys(command['sort']).length > 0) {
        cursor.sort(command['sort']);
      }
      let found = cursor.all() as Document[];
      if (command['skip']) found = found.slice(command['skip']);
      if (command['limit']) found = found.slice(0, command['limit']);
      if (command['projection'] && Object.keys(command['projection']).length > 0) {
        found = new Aggregator([{ $project: command['projection'] }]).run(found) as Document[];
      }
      return cursorOf(command, command['find'], found);
    },
    aggregate(command) {
      const { all } = viewOf(command, command['aggregate']);
      const lookups = databaseOf(command['$db']).collections;
      const found = new Aggregator(command['pipeline'], {
        collectionResolver: (name: string) => lookups.get(name) ?? [],
      }).run(all()) as Document[];
      return cursorOf(command, command['aggregate'], found);
    },
    count(command) {
      return {
        n: new Query(command['query'] ?? {}).find(viewOf(command, command['count']).all()).all()
          .length,
      };
    },
    getMore(command) {
      const id = BigInt(String(command['getMore']));
      const cursor = cursors.get(id);
      if (cursor === undefined) throw new CommandError({ code: 43, errmsg: 'cursor not found' });
      const nextBatch = cursor.rest.splice(0, command['batchSize'] ?? 101);
      const isOver = cursor.rest.length === 0;
      if (isOver) cursors.delete(id);
      return { cursor: { id: Long.fromBigInt(isOver ? 0n : id), ns: cursor.ns, nextBatch } };
    },
    killCursors(command) {
      for (const id of command['cursors'] as unknown[]) cursors.delete(BigInt(String(id)));
      return { cursorsKilled: command['cursors'], cursorsNotFound: [], cursorsAlive: [] };
    },
    async insert(command) {
      const view = viewOf(command, command['insert']);
      return await writeAll(command['documents'], async (document) => {
        await view.replace(undefined, document);
        return 1;
      });
    },
    async update(command) {
      const view = viewOf(command, command['update']);
      let nModified = 0;
      const result = await writeAll(command['updates'], async ({ q, u, multi }) => {
        const found = new Query(q).find(view.all()).all() as Document[];
        for (const old of multi === true ? found : found.slice(0, 1)) {
          const next = structuredCopy(old);
          const { modifiedCount } = updateOne([next], {}, u);
          nModified += modifiedCount ?? 0;
          await view.replace(old, next);
        }
        return multi === true ? found.length : Math.min(1, found.length);
      });
      return { ...result, nModified };
    },
    async delete(command) {
      const view = viewOf(command, command['delete']);
      return await writeAll(command['deletes'], async ({ q, limit }) => {
        const found = new Query(q).find(view.all()).all() as Document[];
        const meant = limit === 1 ? found.slice(0, 1) : found;
        for (const one of meant) await view.replace(one, undefined);
        return meant.length;
      });
    },
    createIndexes(command) {
      const { indexes } = databaseOf(command['$db']);
      const known = indexes.get(command['createIndexes']) ?? [];
      for (const index of command['indexes'] as (typeof known)[number][]) {
        if (!known.some(({ name }) => name === index.name)) known.push(index);
      }
      indexes.set(command['createIndexes'], known);
      return {};
    },
    listIndexes(command) {
      const known = databaseOf(command['$db']).indexes.get(command['listIndexes']) ?? [];
      return cursorOf(command, command['listIndexes'], [
        { key: { _id: 1 }, name: '_id_' },
        ...known,
      ]);
    },
    listCollections(command) {
      const names = [...databaseOf(command['$db']).collections.keys()];
      const all = names.map((name) => ({ name, type: 'collection', options: {}, info: {} }));
      return cursorOf(command, '$cmd.listCollections', all);
    },
    dropDatabase(command) {
      databases.delete(command['$db']);
      return {};
    },
    commitTransaction(command) {
      const key = transactionKey(command) ?? '';
      const transaction = transactions.get(key);
      if (transaction === undefined) {
        throw new CommandError({ code: 251, errmsg: 'no such transaction' });
      }
      for (const [name, ids] of transaction.written) {
        const { collections } = transaction.database;
        const others = (collections.get(name) ?? []).filter((one) => !ids.has(idOf(one)));
        const own = (transaction.own.get(name) ?? []).filter((one) => ids.has(idOf(one)));
        collections.set(name, [...others, ...own]);
      }
      transactions.delete(key);
      return {};
    },
    abortTransaction(command) {
      transactions.delete(transactionKey(command) ?? '');
      return {};
    },
  };

  async function answer(command: Document, socket: Socket): Promise<Document> {
    const [name = ''] = Object.keys(command);
    if (['hello', 'ismaster', 'isMaster'].includes(name)) return { ...hello(), ok: 1 };
    if (!MONITORING.includes(name)) commands.push(command);
    try {
      if (failing !== undefined)
        throw new CommandError({ code: failing, errmsg: `failed: ${failing}` });
      if (name === blocked) await untilStopped(name, command['maxTimeMS'], socket);
      const handler = handlers[name];
      if (handler === undefined) {
        throw new CommandError({ code: 59, errmsg: `no such command: '${name}'` });
      }
      const retry = command['autocommit'] === undefined ? transactionKey(command) : undefined;
      const known = retry === undefined ? undefined : retried.get(retry);
      const reply = known ?? { ...(await handler(command)), ok: 1 };
      if (retry !== undefined) retried.set(retry, reply);
      return reply;
    } catch (error) {
      if (error instanceof CommandError) return { ok: 0, ...error.failure };
      // What mingo does not take is a mistake in the command.
      return { ok: 0, code: 2, codeName: 'BadValue', errmsg: String(error) };
    }
  }

  /** MongoDB stops at `maxTimeMS`, and what reads also when its connection is closed. */
  async function untilStopped(name: string, maxTimeMS: number | undefined, socket: Socket) {
    const gone = socket.destroyed ? Promise.resolve() : once(socket, 'close');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      if (maxTimeMS) timer = setTimeout(resolve, maxTimeMS);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
    stopped.push(name);
    throw new CommandError({
      code: 50,
      codeName: 'MaxTimeMSExpired',
      errmsg: 'operation exceeded time limit',
    });
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    let received = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        void handle(message, socket);
      }
    });
  });

  async function handle(message: Buffer, socket: Socket): Promise<void> {
    const { command, wantsReply } = commandOf(message);
    const reply = await answer(command, socket);
    if (wantsReply && !socket.destroyed) socket.write(replyTo(message, reply));
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  function hello(): Document {
    const me = `127.0.0.1:${address.port}`;
    return {
      ...{ helloOk: true, ismaster: true, isWritablePrimary: true, secondary: false },
      ...{ setName: 'rs0', setVersion: 1, hosts: [me], primary: me, me },
      ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000 },
      ...{ maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30 },
      ...{ minWireVersion: 0, maxWireVersion: 21, readOnly: false, localTime: new Date() },
    };
  }

  return {
    port: address.port,
    commands,
    stopped,
    block(command) {
      blocked = command;
    },
    fail(code) {
      failing = code;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function transactionKey({ lsid, txnNumber }: Document): string | undefined {
  if (lsid === undefined || txnNumber === undefined) return undefined;
  return `${new UUID(lsid.id.buffer ?? lsid.id).toHexString()}/${txnNumber}`;
}

/** @throws {CommandError} where another document has the same values */
function checkUnique(
  { indexes }: Database,
  collection: string,
  documents: readonly Document[],
  old: Document | undefined,
  next: Document,
): void {
  const keys = [
    { _id: 1 },
    ...(indexes.get(collection) ?? []).filter((one) => one.unique).map((one) => one.key),
  ];
  for (const key of keys) {
    const valuesOf = (document: Document) =>
      JSON.stringify(
        serialize(
          Object.fromEntries(Object.keys(key).map((name) => [name, document[name] ?? null])),
        ),
      );
    const isTaken = documents.some((one) => one !== old && valuesOf(one) === valuesOf(next));
    if (!isTaken) continue;
    throw new CommandError({ code: 11_000, errmsg: 'E11000 duplicate key error', keyPattern: key });
  }
}

const structuredCopy = (document: Document) => deserialize(serialize(document));

function commandOf(message: Buffer): { readonly command: Document; readonly wantsReply: boolean } {
  if (message.readInt32LE(12) === 2004) {
    // The first greeting of a driver: flags, a name that ends with 0, two numbers, the command.
    const start = message.indexOf(0, 20) + 9;
    return { command: deserialize(message.subarray(start)), wantsReply: true };
  }
  let command: Document = {};
  const lists: Document = {};
  for (let at = 20; at < message.length; ) {
    const kind = message[at];
    const size = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + size);
    if (kind === 0) command = deserialize(section);
    else {
      const end = section.indexOf(0, 4);
      const documents: Document[] = [];
      for (let next = end + 1; next < size; next += section.readInt32LE(next)) {
        const length = section.readInt32LE(next);
        documents.push(deserialize(section.subarray(next, next + length)));
      }
      lists[section.toString('utf8', 4, end)] = documents;
    }
    at += 1 + size;
  }
  const isMoreToCome = (message.readInt32LE(16) & 2) !== 0;
  return { command: { ...command, ...lists }, wantsReply: !isMoreToCome };
}

let lastId = 0;

function replyTo(message: Buffer, document: Document): Buffer {
  const isOld = message.readInt32LE(12) === 2004;
  const body = serialize(document, { ignoreUndefined: true });
  const head = Buffer.alloc(isOld ? 36 : 21);
  lastId += 1;
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(lastId, 4);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(isOld ? 1 : 2013, 12);
  if (isOld) head.writeInt32LE(1, 32);
  return Buffer.concat([head, body]);
}
