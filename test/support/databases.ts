/** Databases on the servers of the machine, for projects that are really made. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { ElasticsearchStandIn } from '../../kit/src/testing/elasticsearch.js';

const {
  TEST_POSTGRES_URL = 'postgres://postgres@127.0.0.1:5432/test',
  TEST_MYSQL_URL = 'mysql://root@127.0.0.1:3306/test',
  TEST_REDIS_URL = 'redis://127.0.0.1:6379',
} = process.env;

export interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** The server of a datastore. */
export interface DatabaseServer {
  /** Why it cannot be used, or null. */
  readonly why: string | null;
  /** An empty database of its own. The caller drops it. */
  create(): Promise<Database>;
}

interface ServerOptions {
  readonly name: string;
  readonly address: string;
  /** The variable that names another one. */
  readonly setting: string;
  readonly execute: (statement: string) => Promise<void>;
  /** What ends connections that are left, where a statement can. */
  readonly force: string;
}

async function serverOf(options: ServerOptions): Promise<DatabaseServer> {
  const { address, execute, force } = options;
  return {
    why: await whyNot(options),
    async create() {
      const name = `create_mcp_${randomBytes(6).toString('hex')}`;
      await execute(`CREATE DATABASE ${name}`);
      const url = new URL(address);
      url.pathname = `/${name}`;
      return { url: url.href, drop: () => execute(`DROP DATABASE IF EXISTS ${name}${force}`) };
    },
  };
}

async function whyNot({
  name,
  address,
  setting,
  execute,
}: Omit<ServerOptions, 'force'>): Promise<string | null> {
  try {
    await execute('SELECT 1');
    return null;
  } catch (error) {
    const { host, pathname } = new URL(address);
    const why = error instanceof AggregateError ? error.errors[0] : error;
    return `no ${name} at ${host}${pathname} (${why.message}); ${setting} names another`;
  }
}

export const postgresServer = await serverOf({
  name: 'PostgreSQL',
  address: TEST_POSTGRES_URL,
  setting: 'TEST_POSTGRES_URL',
  force: ' WITH (FORCE)',
  async execute(statement) {
    const client = new pg.Client({
      connectionString: TEST_POSTGRES_URL,
      connectionTimeoutMillis: 3_000,
    });
    try {
      await client.connect();
      await client.query(statement);
    } finally {
      await client.end();
    }
  },
});

const mysqlServer = await serverOf({
  name: 'MySQL',
  address: TEST_MYSQL_URL,
  setting: 'TEST_MYSQL_URL',
  force: '',
  async execute(statement) {
    const connection = await mysql.createConnection({ uri: TEST_MYSQL_URL, connectTimeout: 3_000 });
    try {
      await connection.query(statement);
    } finally {
      await connection.end();
    }
  },
});

/** The registries have no Elasticsearch: each project gets a stand-in of its own. */
const elasticsearchServer: DatabaseServer = {
  why: null,
  async create() {
    const standIn = await new ElasticsearchStandIn().start();
    return { url: standIn.url, drop: () => standIn.stop() };
  },
};

/** Runs something on one of the numbered databases of Redis. */
async function onRedis<T>(db: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(TEST_REDIS_URL, { db, lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** It has a few databases, by number; other tests use the first one. */
const REDIS_DATABASES = 15;
let redisDatabases = 0;

const redisServer: DatabaseServer = {
  why: await whyNot({
    name: 'Redis',
    address: TEST_REDIS_URL,
    setting: 'TEST_REDIS_URL',
    execute: async () => void (await onRedis(0, (redis) => redis.ping())),
  }),
  async create() {
    const db = 1 + (redisDatabases % REDIS_DATABASES);
    redisDatabases += 1;
    const empty = async () => void (await onRedis(db, (redis) => redis.flushdb()));
    await empty();
    const url = new URL(TEST_REDIS_URL);
    url.pathname = `/${db}`;
    return { url: url.href, drop: empty };
  },
};

/** By the names of the datastores. */
export const databaseServers: Readonly<Record<string, DatabaseServer>> = {
  postgres: postgresServer,
  mysql: mysqlServer,
  elasticsearch: elasticsearchServer,
  redis: redisServer,
};
