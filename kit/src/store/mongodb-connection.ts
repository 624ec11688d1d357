import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, MongoError } from 'mongodb';

import * as z from 'zod/v4';
import { isNetworkError, type Metrics, ToolError } from '../definitions/definitions.js';
import type { SettingsOf } from '../definitions/settings.js';
import { PROJECT } from '../host/node/project.js';
import type { PartEnv } from '../parts.js';
import { countConnections, poolSettings } from './pool.js';
import { unavailable } from './store.js';

/** Nothing waits for ever: neither for a server, nor for a connection, nor for an answer (milliseconds). */
const CONNECT_MS = 3_000;
/** How much longer than the database the driver waits, so that it is the database that gives up. */
const ANSWER_MS = 2_000;

/** An address of MongoDB, with the paths of its files. */
export const mongodbUrl = z
  .string()
  .regex(/^mongodb(\+srv)?:\/\//, 'must be mongodb://user:password@host:27017/database')
  .transform((url, context) => {
    try {
      return checkUrl(url);
    } catch (error) {
      context.addIssue({ code: 'custom', message: withoutPassword((error as Error).message) });
      return z.NEVER;
    }
  });

/** The settings of whatever speaks to MongoDB. */
export const clientSettings = { ...poolSettings, DATABASE_URL: mongodbUrl };

/** A client of the database, which connects when it is first used. */
export function openClient(
  config: SettingsOf<typeof clientSettings>,
  { about, log, metrics }: Pick<PartEnv, 'about' | 'log' | 'metrics'>,
): MongoClient {
  const client = new MongoClient(config.DATABASE_URL, {
    appName: about.name,
    maxPoolSize: config.DATABASE_POOL_SIZE,
    connectTimeoutMS: CONNECT_MS,
    serverSelectionTimeoutMS: CONNECT_MS,
    waitQueueTimeoutMS: CONNECT_MS,
    socketTimeoutMS: config.DATABASE_TIMEOUT_MS + ANSWER_MS,
    // What is not set must not become null.
    ignoreUndefined: true,
    promoteBuffers: true,
  });
  client.on('error', (error) => log.warn({ err: error }, 'database client failed'));
  client.on('connectionPoolCleared', () => log.warn('database connections lost'));
  countPool(client, metrics);
  return client;
}

/** Counts the connections of a client: its pool has no gauge of its own. */
function countPool(client: MongoClient, metrics: Metrics): void {
  const counts = { all: 0, used: 0, waiting: 0 };
  client.on('connectionCreated', () => (counts.all += 1));
  client.on('connectionClosed', () => (counts.all -= 1));
  client.on('connectionCheckOutStarted', () => (counts.waiting += 1));
  client.on('connectionCheckOutFailed', () => (counts.waiting -= 1));
  client.on('connectionCheckedOut', () => {
    counts.waiting -= 1;
    counts.used += 1;
  });
  client.on('connectionCheckedIn', () => (counts.used -= 1));
  countConnections(metrics, () => {
    const { all, used, waiting } = counts;
    return { used, idle: Math.max(0, all - used), waiting };
  });
}

/** What has not ended by then, when the server does, is left to the database (milliseconds). */
const CLOSE_MS = 1_000;

/** Closes a client. It says goodbye to the database, which may not answer. */
export async function closeClient(client: MongoClient): Promise<void> {
  const closed = client.close().catch(() => {});
  await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
}

const FILES = /(?<=[?&]tls(?:CAFile|CertificateKeyFile|CRLFile)=)[^&#]+/gi;

/**
 * A connection string whose certificates and keys are found wherever the process was started: relative to the project.
 * @throws {Error} for one that the driver does not take, or that names no database
 */
export function checkUrl(url: string): string {
  if (!/^mongodb(\+srv)?:\/\/[^/]+\/[^?]/.test(url)) {
    throw new Error('names no database: mongodb://user:password@host:27017/database');
  }
  const found = url.replace(FILES, (path) =>
    encodeURIComponent(resolve(PROJECT, decodeURIComponent(path))),
  );
  // It does not connect yet, but looks at every part.
  new MongoClient(found);
  return found;
}

/** The driver's words may hold what the address holds. */
function withoutPassword(message: string): string {
  return message.replace(/\/\/\S*@/g, '//…@');
}

/**
 * What the caller may know, by the number of the error. Every other number means that the call is wrong, and stays inside.
 * @see https://www.mongodb.com/docs/manual/reference/error-codes/
 */
const NUMBERS: readonly [readonly number[], string, string][] = [
  // No access, shutting down, no primary, a primary that was one, no resources, a disk that is full.
  [
    [6, 7, 8, 13, 18, 89, 91, 133, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436, 14031],
    'STORE_UNAVAILABLE',
    'The database is not available.',
  ],
  // Two transactions at once, a lock that was not free.
  [[24, 46, 112, 225, 251], 'STORE_BUSY', 'Someone else is changing the same data.'],
  [[50], 'STORE_TIMEOUT', 'The database needed too long for this.'],
];
const DUPLICATE = 11_000;
const TOO_LARGE = [10334, 17419, 17420];
/** The driver's own errors have no number. */
const LOST =
  /^Mongo(Network|ServerSelection|WaitQueueTimeout|PoolC|TopologyClosed|ServerClosed|NotConnected|ClientClosed|ExpiredSession)/;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  if (!(error instanceof MongoError)) {
    return isNetworkError(error) ? unavailable(error) : undefined;
  }
  if (error.name === 'MongoNetworkTimeoutError') return timeout(error);
  if (LOST.test(error.name) || isNetworkError(error)) return unavailable(error);
  const number = Number(error.code);
  if (number === DUPLICATE) return conflict(error);
  if (TOO_LARGE.includes(number)) {
    return new ToolError('INVALID_INPUT', 'A value is larger than the database takes.');
  }
  const [, name, text] = NUMBERS.find(([numbers]) => numbers.includes(number)) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true, cause: error });
}

/** Names the fields, and not their values, which may be somebody else's. */
function conflict(error: MongoError): ToolError {
  const { keyPattern = {} } = error as { keyPattern?: object };
  const fields = Object.keys(keyPattern).filter((name) => name !== '_id');
  const same = fields.length > 0 ? fields.join(' and ') : 'id';
  return new ToolError('CONFLICT', `There already is one with the same ${same}.`, {
    cause: error,
  });
}

function timeout(cause: unknown): ToolError {
  return new ToolError('STORE_TIMEOUT', 'The database needed too long for this. Try again later.', {
    retryable: true,
    cause,
  });
}
