import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Part } from '../../src/parts.js';
import { type DatabaseExplorer, fullName, withinBytes } from '../../src/store/explorer.js';
import { dangerOf, mysqlExplorer } from '../../src/store/explorer-mysql.js';
import { postgresExplorer } from '../../src/store/explorer-postgres.js';
import { sqliteExplorer } from '../../src/store/explorer-sqlite.js';
import { Database } from '../../src/store/sqlite-connection.js';
import { openPart } from '../support/app.js';
import {
  executeMysql,
  executePostgres,
  mysqlEnv,
  postgresEnv,
  titled,
  whyNoMysql,
  whyNoPostgres,
} from '../support/databases.js';
import { newFolder } from '../support/folder.js';

const limits = { maxRows: 100, maxBytes: 100_000 };
const noHurry = () => AbortSignal.timeout(15_000);

/** A database with two tables and a view, in the hands of somebody else. */
interface Fixture {
  readonly name: string;
  readonly why: string | undefined;
  /** The settings of a role that only reads it, and what its owner can ask. */
  open(): Promise<{
    readonly env: Record<string, string>;
    readonly owner: (text: string) => Promise<unknown>;
    readonly schema: string;
  }>;
  readonly part: Part;
  readonly endless: readonly string[];
  readonly giant: readonly string[];
  /** Each has to be refused. */
  readonly refused: readonly string[];
  /** Each is either refused or does nothing that lasts. */
  readonly harmless: readonly string[];
}

const TABLES = [
  `CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(100) NOT NULL, born DATE)`,
  `CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, total NUMERIC(10, 2) DEFAULT 1,
     FOREIGN KEY (customer) REFERENCES customers (id))`,
  `CREATE INDEX orders_by_customer ON orders (customer)`,
  `CREATE VIEW big_orders AS SELECT * FROM orders WHERE total > 100`,
  `INSERT INTO customers VALUES (1, 'Ada', '1815-12-10'), (2, 'Grace', NULL)`,
  `INSERT INTO orders VALUES (10, 1, 99.5), (11, 1, 150), (12, 2, 3)`,
];

const sqlite: Fixture = {
  name: 'SQLite',
  why: undefined,
  part: sqliteExplorer({ file: 'none.db' }) as Part,
  async open() {
    const folder = newFolder('explorer');
    const path = join(folder, 'a b#c%.db');
    const database = new Database(path, {});
    onTestFinished(() => database.close());
    await database.exec('PRAGMA journal_mode = WAL');
    for (const text of TABLES) await database.exec(text);
    await database.exec('ANALYZE');
    return {
      env: { DATABASE_URL: `file:${path}` },
      owner: async (text) => await (await database.prepare(text)).all([]),
      schema: 'main',
    };
  },
  endless: [
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    'SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n ORDER BY i)',
  ],
  giant: ['SELECT hex(randomblob(400000000)) AS x', "SELECT printf('%.*c', 900000000, 'x') AS x"],
  refused: [
    `ATTACH 'stolen.db' AS other`,
    'DETACH main',
    'VACUUM',
    `VACUUM INTO 'copy.db'`,
    'SELECT 1)) SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n) /*',
    'SELECT 1 /*',
    'PRAGMA query_only = OFF',
    'PRAGMA table_info(customers)',
    'PRAGMA writable_schema = ON',
    'BEGIN IMMEDIATE',
    'REINDEX',
    `SELECT load_extension('x')`,
    `WITH x AS (SELECT 1) INSERT INTO customers SELECT 9, 'x', NULL RETURNING id`,
    `SELECT writefile('/tmp/stolen', 'y')`,
    `SELECT "WriteFile"('/tmp/stolen', name) FROM customers`,
    `SELECT count(*) FROM customers GROUP BY writefile('/tmp/stolen', 'y')`,
    `SELECT * FROM customers ORDER BY readfile('/etc/passwd')`,
    `SELECT name FROM customers WHERE 1 = 0 OR length(readfile('/etc/passwd')) > 0`,
    `SELECT * FROM fsdir('/')`,
    `SELECT * FROM "FsDir"('/')`,
    `SELECT * FROM 'fsdir'('/')`,
    `SELECT sha3_query('ATTACH ''/tmp/stolen'' AS x')`,
    `SELECT fts3_tokenizer('simple')`,
    `SELECT sqlite3mc_config('cipher')`,
    'SELECT * FROM sqlite_dbpage',
    `SELECT * FROM carray(1, 2)`,
    'EXPLAIN SELECT 1',
  ],
  harmless: [
    `SELECT * FROM pragma_table_info('customers')`,
    'SELECT * FROM pragma_query_only',
    `SELECT * FROM pragma_journal_mode`,
  ],
};

const postgres: Fixture = {
  name: 'PostgreSQL',
  why: await whyNoPostgres(),
  part: postgresExplorer() as Part,
  async open() {
    const { DATABASE_URL } = await postgresEnv();
    const url = new URL(DATABASE_URL);
    const schema = url.searchParams.get('options')?.split('=')[1] ?? '';
    const role = `reader_${randomUUID().replaceAll('-', '')}`;
    const owner = (text: string) => executePostgres(text, DATABASE_URL);
    for (const text of TABLES) await owner(text);
    await owner(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    onTestFinished(async () => {
      await owner(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    await owner(
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
    );
    await owner('ANALYZE customers; ANALYZE orders');
    url.username = role;
    url.password = 'secret';
    return { env: { DATABASE_URL: url.href, DATABASE_SCHEMAS: schema }, owner, schema };
  },
  endless: [
    'SELECT pg_sleep(60)',
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    'SELECT count(*) FROM generate_series(1, 100000000000) AS a',
  ],
  giant: [
    `SELECT repeat('x', 50000000)`,
    `SELECT repeat('x', 1000000) FROM generate_series(1, 50)`,
  ],
  refused: [
    `COPY customers TO '/tmp/x'`,
    `COPY (SELECT 1) TO PROGRAM 'id'`,
    'SELECT * INTO stolen FROM customers',
    `WITH x AS (INSERT INTO customers VALUES (9, 'x') RETURNING *) SELECT * FROM x`,
    'SELECT * FROM customers FOR UPDATE',
    `SELECT pg_read_file('/etc/passwd')`,
    `SELECT pg_ls_dir('/')`,
    `SELECT lo_import('/etc/passwd')`,
    'CREATE TEMP TABLE x (a int)',
    'CALL x()',
    'DO $$ BEGIN END $$',
    'SET ROLE postgres',
    'SHOW data_directory',
    'LISTEN x',
    `SELECT set_config('transaction_read_only', 'off', true)`,
    `SELECT set_config('session_authorization', 'postgres', false)`,
    'COMMIT',
    'ROLLBACK',
    'SELECT pg_reload_conf()',
  ],
  harmless: [
    'SELECT lo_create(4711)',
    `SELECT lo_from_bytea(4712, 'x')`,
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_try_advisory_lock(2)',
    `SELECT pg_notify('x', 'y')`,
    `SELECT set_config('search_path', 'nowhere', false)`,
    `SELECT set_config('statement_timeout', '0', false)`,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user',
    'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = current_user',
  ],
};

const mysql: Fixture = {
  name: 'MySQL',
  why: await whyNoMysql(),
  part: mysqlExplorer() as Part,
  async open() {
    const { DATABASE_URL } = await mysqlEnv();
    const url = new URL(DATABASE_URL);
    const schema = url.pathname.slice(1);
    const role = `r_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    const owner = (text: string) => executeMysql(text, DATABASE_URL);
    for (const text of TABLES) await owner(text);
    await owner(`CREATE USER ${role} IDENTIFIED BY 'secret'`);
    onTestFinished(async () => {
      await owner(`DROP USER ${role}`);
    });
    await owner(`GRANT SELECT, SHOW VIEW ON ${schema}.* TO ${role}`);
    url.username = role;
    url.password = 'secret';
    return { env: { DATABASE_URL: url.href }, owner, schema };
  },
  endless: [
    'SELECT SLEEP(60)',
    'SELECT BENCHMARK(100000000000, SHA2(1, 512))',
    'SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c, information_schema.columns d',
  ],
  giant: [
    `SELECT REPEAT('x', 15000000)`,
    `SELECT REPEAT('x', 1000000) FROM information_schema.collations`,
  ],
  refused: [
    `SELECT * FROM customers INTO OUTFILE '/tmp/stolen'`,
    `SELECT 1 INTO DUMPFILE '/tmp/stolen'`,
    'SELECT 1 INTO @a',
    `LOAD DATA INFILE '/etc/passwd' INTO TABLE customers`,
    `LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE customers`,
    'SET GLOBAL general_log = 1',
    'HANDLER customers OPEN',
    'CALL x()',
    'SHOW GRANTS',
    'CREATE TEMPORARY TABLE x (a INT)',
    'COMMIT',
    `SELECT 1) AS a; DROP TABLE orders; -- `,
    `SELECT 1) AS result INTO OUTFILE '/tmp/stolen' -- `,
    `SELECT 1) AS result INTO OUTFILE '/tmp/stolen' /* `,
    `SELECT 1) AS result # `,
    `/*!50000 DROP TABLE orders */`,
    'FLUSH TABLES',
    'KILL 1',
    'LOCK TABLES customers WRITE',
    'PREPARE x FROM "SELECT 1"',
  ],
  harmless: [
    'SELECT @a := 1 AS a',
    `SELECT LOAD_FILE('/etc/passwd') AS a`,
    `SELECT GET_LOCK('x', 0) AS a`,
    `SELECT * FROM customers FOR UPDATE`,
  ],
};

/** No database takes these. */
const REFUSED = [
  '',
  '-- nothing',
  `INSERT INTO customers VALUES (9, 'x', NULL)`,
  `UPDATE customers SET name = 'x'`,
  'DELETE FROM orders',
  'DROP TABLE orders',
  'TRUNCATE orders',
  'CREATE TABLE x (a INT)',
  'ALTER TABLE orders ADD COLUMN x INT',
  'SELECT 1; DROP TABLE orders',
  'SELECT 1; SELECT 2',
  'COMMIT; DROP TABLE orders',
  '/* a */ DROP /* b */ TABLE orders',
  'SELECT nothing',
  'SELEC 1',
  `GRANT ALL ON customers TO CURRENT_USER`,
];

for (const fixture of [sqlite, postgres, mysql]) {
  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    async function explore(changes: Record<string, string> = {}) {
      const opened = await fixture.open();
      const explorer = openPart(fixture.part, { ...opened.env, ...changes }) as DatabaseExplorer;
      return { ...opened, explorer };
    }
    const query = (explorer: DatabaseExplorer, text: string) =>
      explorer.query(text, limits, noHurry());
    const isIntact = async (explorer: DatabaseExplorer) => {
      const text = `SELECT (SELECT count(*) FROM customers) AS a, (SELECT count(*) FROM orders) AS b,
        (SELECT min(name) FROM customers) AS c`;
      expect((await query(explorer, text)).rows).toEqual([[2, 3, 'Ada']]);
    };

    test('a query gives its columns and rows in their order', async () => {
      const { explorer } = await explore();
      const text = 'SELECT id, name AS n, id AS id FROM customers ORDER BY id DESC -- last';
      const twins = await query(explorer, text).catch((error: Error) => error);
      // What stands in parentheses needs names that differ, but for PostgreSQL.
      if (twins instanceof Error) expect(twins).toMatchObject({ code: 'INVALID_QUERY' });
      expect(await query(explorer, text.replace(', id AS id', ''))).toEqual({
        columns: ['id', 'n'],
        rows: [
          [2, 'Grace'],
          [1, 'Ada'],
        ],
        isComplete: true,
      });
    });

    test('there are no more rows than were asked for, and no more bytes', async () => {
      const { explorer } = await explore();
      const two = { ...limits, maxRows: 2 };
      const text = 'SELECT id FROM orders ORDER BY id';
      expect(await explorer.query(text, two, noHurry())).toMatchObject({
        rows: [[10], [11]],
        isComplete: false,
      });
      const three = { ...limits, maxRows: 3 };
      expect(await explorer.query(text, three, noHurry())).toMatchObject({ isComplete: true });
      const short = { ...limits, maxBytes: 12 };
      expect(await explorer.query(text, short, noHurry())).toMatchObject({
        rows: [[10], [11]],
        isComplete: false,
      });
    });

    test('a million rows cost no more than those that are shown', async () => {
      const { explorer } = await explore();
      const series = 'a.id + b.id FROM orders a, orders b, orders c, orders d, orders e, orders f';
      const many = `SELECT ${series}, orders g, orders h, orders i, orders j, orders k, orders l, orders m`;
      const { rows, isComplete } = await query(explorer, many);
      expect([rows.length, isComplete]).toEqual([100, false]);
      await isIntact(explorer);
    });

    test('what the database has is described', async () => {
      const { explorer, schema } = await explore();
      const tables = await explorer.tables(noHurry());
      expect(tables.map(({ name, kind }) => [name, kind])).toEqual([
        ['big_orders', 'view'],
        ['customers', 'table'],
        ['orders', 'table'],
      ]);
      expect(tables[2]).toMatchObject({ schema, estimatedRows: 3 });
      const orders = await explorer.table('orders', noHurry());
      expect(orders.columns.map(({ name, isNullable }) => [name, isNullable])).toEqual([
        ['id', expect.any(Boolean)],
        ['customer', false],
        ['total', true],
      ]);
      expect(orders.columns[2]).toMatchObject({
        type: expect.stringMatching(/^(numeric|decimal)/i),
      });
      expect(orders.primaryKey).toEqual(['id']);
      expect(orders.foreignKeys).toEqual([
        { columns: ['customer'], references: { schema, name: 'customers', columns: ['id'] } },
      ]);
      expect(orders.indexes).toContainEqual({
        name: 'orders_by_customer',
        definition: expect.stringContaining('customer'),
      });
      const sample = await explorer.sample(
        `${schema}.customers`,
        { ...limits, maxRows: 1 },
        noHurry(),
      );
      expect(sample).toMatchObject({
        columns: ['id', 'name', 'born'],
        rows: [[1, 'Ada', expect.anything()]],
      });
      for (const name of ['nothing', `orders"; DROP TABLE orders; --`]) {
        await expect(explorer.table(name, noHurry())).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
        await expect(explorer.sample(name, limits, noHurry())).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
      }
      await isIntact(explorer);
    });

    test('tables come in the order of their names, whatever the database takes for that', async () => {
      const { explorer, owner } = await explore();
      await owner('CREATE TABLE Zeta (id INT PRIMARY KEY)');
      const names = (await explorer.tables(noHurry())).map(fullName);
      expect(names).toEqual([...names].sort());
      // PostgreSQL folds the name, and the role does not see what was not granted to it.
      expect(names).toHaveLength(fixture === postgres ? 3 : 4);
    });

    test('a plan is told and nothing runs', async () => {
      const { explorer } = await explore();
      expect(await explorer.explain('SELECT * FROM orders WHERE id = 10', noHurry())).toMatch(
        /orders/i,
      );
      // A function that is refused when it runs may have a plan.
      const refused = fixture.refused.filter((text) => !/^SELECT (pg|lo|set)_/.test(text));
      for (const text of [...REFUSED, ...refused, 'ANALYZE SELECT 1']) {
        await expect(explorer.explain(text, noHurry()), text).rejects.toMatchObject({
          code: expect.stringMatching(/^(INVALID_QUERY|STORE_)/),
        });
      }
      await isIntact(explorer);
    });

    test('what is no query is refused', async () => {
      const { explorer } = await explore();
      for (const text of [...REFUSED, ...fixture.refused]) {
        await expect(query(explorer, text), text).rejects.toMatchObject({
          code: expect.stringMatching(/^(INVALID_QUERY|STORE_UNAVAILABLE)$/),
        });
      }
      await isIntact(explorer);
      expect(existsSync('/tmp/stolen')).toBe(false);
    });

    test('what a query does to its session is gone with it', async () => {
      const { explorer, owner } = await explore();
      for (const text of fixture.harmless) {
        for (let times = 0; times < 2; times += 1) {
          const ended = await query(explorer, text).catch((error: Error) => error);
          if (ended instanceof Error) {
            expect(ended, text).toMatchObject({ code: expect.stringMatching(/^(INVALID|STORE_)/) });
          }
        }
      }
      await isIntact(explorer);
      if (fixture === postgres) {
        expect(
          await owner('SELECT * FROM pg_largeobject_metadata WHERE oid IN (4711, 4712)'),
        ).toEqual([]);
        await expect
          .poll(() =>
            owner(`SELECT * FROM pg_locks WHERE locktype = 'advisory' AND objid IN (1, 2)`),
          )
          .toEqual([]);
      }
    });

    test('what takes too long is stopped at the database', async () => {
      const { explorer, owner } = await explore({ DATABASE_TIMEOUT_MS: '300' });
      for (const text of fixture.endless) {
        await expect(query(explorer, text), text).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
      }
      const stopped = query(explorer, fixture.endless[0] ?? '');
      const early = explorer.query(fixture.endless[0] ?? '', limits, AbortSignal.timeout(50));
      await expect(early).rejects.toMatchObject({ name: 'TimeoutError' });
      await expect(stopped).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
      const running = {
        PostgreSQL: `SELECT query FROM pg_stat_activity WHERE application_name = 'explorer' AND state = 'active' AND usename LIKE 'reader%'`,
        MySQL: `SELECT info FROM information_schema.processlist WHERE user LIKE 'r\\_%' AND info IS NOT NULL`,
      }[fixture.name];
      if (running) await expect.poll(() => owner(running), { timeout: 5_000 }).toEqual([]);
      await isIntact(openPart(fixture.part, (await fixture.open()).env) as DatabaseExplorer);
    });

    test('a giant cell is refused, not kept', async () => {
      const { explorer } = await explore();
      for (const text of fixture.giant) {
        await expect(query(explorer, text), text).rejects.toMatchObject({
          code: 'OUTPUT_TOO_LARGE',
        });
      }
      expect(process.memoryUsage().rss).toBeLessThan(1_500_000_000);
      await isIntact(explorer);
    });

    test('many at once wait for their turn', async () => {
      const { explorer } = await explore({ DATABASE_POOL_SIZE: '2' });
      const all = Array.from({ length: 12 }, (_, n) => query(explorer, `SELECT ${n} AS n`));
      expect((await Promise.all(all)).map(({ rows }) => rows[0]?.[0])).toEqual(
        all.map((_, n) => n),
      );
    });

    test('a database that is not there is named as such, without its address', async () => {
      const nowhere = {
        SQLite: 'file:/tmp/secret/none.db',
        PostgreSQL: 'postgres://user:secret@127.0.0.1:1/none',
        MySQL: 'mysql://user:secret@127.0.0.1:1/none',
      }[fixture.name];
      const { explorer } = await explore({ DATABASE_URL: nowhere ?? '' });
      await expect(explorer.ping()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.not.stringContaining('secret'),
      });
      expect(existsSync('/tmp/secret/none.db')).toBe(false);
    });
  });
}

describe.skipIf(postgres.why !== undefined)('a role that may do more than read', () => {
  test.each([
    [
      'write',
      (role: string, schema: string) => `GRANT INSERT ON ${schema}.orders TO ${role}`,
      /may change .*orders/,
    ],
    [
      'create',
      (role: string, schema: string) => `GRANT CREATE ON SCHEMA ${schema} TO ${role}`,
      /may make tables/,
    ],
    [
      'be another',
      (role: string) => `GRANT pg_execute_server_program TO ${role}`,
      /member of pg_execute/,
    ],
    [
      'write a column',
      (role: string, schema: string) => `GRANT UPDATE (total) ON ${schema}.orders TO ${role}`,
      /may change .*orders/,
    ],
    [
      'become another',
      (role: string) => `GRANT pg_monitor TO ${role}; ALTER ROLE ${role} NOINHERIT`,
      /may become pg_monitor/,
    ],
    ['be everybody', (role: string) => `ALTER ROLE ${role} SUPERUSER`, /superuser/],
  ])('is refused: %s', async (_, grant, reason) => {
    const { env, owner, schema } = await postgres.open();
    const role = new URL(env.DATABASE_URL ?? '').username;
    await owner(grant(role, schema));
    const refused = openPart(postgres.part, env) as DatabaseExplorer;
    await expect(refused.query('SELECT 1', limits, noHurry())).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { message: expect.stringMatching(reason) },
    });
    const allowed = openPart(postgres.part, {
      ...env,
      ALLOW_WRITING_ROLE: 'true',
    }) as DatabaseExplorer;
    expect(await allowed.query('SELECT 1 AS one', limits, noHurry())).toMatchObject({
      rows: [[1]],
    });
    await expect(
      allowed.query(`SELECT * INTO ${schema}.x FROM ${schema}.orders`, limits, noHurry()),
    ).rejects.toThrow();
  });
});

test.skipIf(postgres.why !== undefined)(
  'schemas of others that come and go fail no query in PostgreSQL',
  async () => {
    const { env } = await postgres.open();
    const end = new AbortController();
    const others = Array.from({ length: 3 }, async () => {
      while (!end.signal.aborted) {
        const name = `test_${randomUUID().replaceAll('-', '')}`;
        const tables = Array.from({ length: 20 }, (_, n) => `CREATE TABLE ${name}.t${n} (i INT);`);
        await executePostgres(
          `BEGIN; CREATE SCHEMA ${name}; ${tables.join(' ')} COMMIT; DROP SCHEMA ${name} CASCADE`,
        );
      }
    });
    try {
      for (let count = 0; count < 60; count += 1) {
        const explorer = openPart(postgres.part, env) as DatabaseExplorer;
        const { rows } = await explorer.query('SELECT 1 AS one', limits, noHurry());
        expect(rows).toEqual([[1]]);
      }
    } finally {
      end.abort();
      await Promise.all(others);
    }
  },
);

test.each([
  ['GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD', []],
  ['GRANT SELECT, SHOW VIEW ON `shop\\_1`.* TO `r`@`%`', []],
  ['GRANT SELECT (`a`, `b`) ON `shop_1`.`t` TO `r`@`%`', []],
  ['GRANT SELECT, INSERT (`a`) ON `shop_1`.* TO `r`@`%`', ['it has INSERT on `shop_1`.*']],
  ['GRANT ALL PRIVILEGES ON `shop_1`.* TO `r`@`%`', ['it has ALL PRIVILEGES on `shop_1`.*']],
  ['GRANT FILE ON *.* TO `r`@`%`', ['it has FILE on *.*']],
  ['GRANT SELECT ON *.* TO `r`@`%`', ['it may read *.*']],
  ['GRANT SELECT ON `other`.* TO `r`@`%`', ['it may read `other`.*']],
  ['GRANT `admin`@`%` TO `r`@`%`', ['it has the role `admin`@`%`, whose rights are its own']],
  ['GRANT USAGE ON *.* TO `r`@`%` WITH GRANT OPTION', ['it has GRANT OPTION on *.*']],
])('what a MySQL user may do: %s', (grant, dangers) => {
  expect(dangerOf(grant, 'shop_1')).toEqual(dangers);
});

test('a file that is no database is named as such', async () => {
  const path = join(newFolder('explorer'), 'x.db');
  writeFileSync(path, 'not a database at all, but long enough to look like one'.repeat(20));
  const explorer = openPart(sqlite.part, { DATABASE_URL: `file:${path}` }) as DatabaseExplorer;
  await expect(explorer.query('SELECT 1 FROM x', limits, noHurry())).rejects.toThrow(/database/i);
});

test('what arrives is given up before all of it is there', async () => {
  const stream = new EventEmitter();
  let hasGivenUp = false;
  const giveUp = () => {
    hasGivenUp = true;
  };
  const never = () => new Promise<never>(() => {});
  const reading = withinBytes(stream, { maxBytes: 10_000 }, noHurry(), giveUp, never);
  stream.emit('data', Buffer.alloc(1_000_000));
  expect(hasGivenUp).toBe(false);
  stream.emit('data', Buffer.alloc(20_001));
  expect(hasGivenUp).toBe(true);
  await expect(reading).rejects.toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
});
