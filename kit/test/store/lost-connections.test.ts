import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { faultyNetwork } from '../../../test/support/faulty-network.js';
import { sql } from '../../src/store/sql.js';
import { executeMysql, executePostgres, titled } from '../support/databases.js';
import { createStoreApp, mysqlFixture, postgresFixture } from '../support/stores.js';

const servers = [
  {
    fixture: postgresFixture,
    endless: sql`SELECT pg_sleep(67)`,
    port: 5432,
    running: (url: string) =>
      executePostgres(
        `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'
         AND (query LIKE '%pg_sleep(67)%' OR query LIKE 'FETCH%')`,
        url,
      ),
  },
  {
    fixture: mysqlFixture,
    endless: mysqlFixture.endless,
    port: 3306,
    running: (url: string) =>
      executeMysql(
        `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT SLEEP(61)%'`,
        url,
      ),
  },
];

for (const { fixture, endless, port, running } of servers) {
  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    /** A store on a database behind a network that can fail. */
    async function open(changes: Record<string, string> = {}) {
      const env = await fixture.env();
      const direct = new URL(env.DATABASE_URL ?? '');
      const network = await faultyNetwork(Number(direct.port || port));
      onTestFinished(() => network.close().catch(() => {}));
      const url = new URL(direct);
      url.hostname = '127.0.0.1';
      url.port = String(network.port);
      const app = await createStoreApp(fixture, { ...env, DATABASE_URL: url.href, ...changes });
      await app.store.ping();
      return { ...app, network, direct: direct.href };
    }
    const insert = (id: string) => sql`INSERT INTO notes VALUES (${id}, 't', 'b', 'now')`;
    const ids = sql`SELECT id FROM notes`;

    test('a connection that a network has swallowed is given up', async () => {
      const { store, network } = await open({ DATABASE_TIMEOUT_MS: '300' });
      network.swallow();
      await expect(store.query(ids)).rejects.toMatchObject({
        code: expect.stringMatching(/^STORE_(UNAVAILABLE|TIMEOUT)$/),
        retryable: true,
      });
      expect(await store.query(ids)).toEqual([]);
    }, 30_000);

    test('what a lost connection was in the middle of is told, and undone', async () => {
      // The database itself ends what nobody waits for, and with it its locks.
      const { store, network, direct } = await open({ DATABASE_TIMEOUT_MS: '3000' });
      const writing = store.transaction(async (tx) => {
        await tx.execute(insert('1'));
        await tx.query(endless);
      });
      const reading = store.query(endless);
      for (const one of [writing, reading]) one.catch(() => {});
      await expect.poll(() => running(direct), { timeout: 5_000 }).toHaveLength(2);
      await network.close();
      const lost = { code: 'STORE_UNAVAILABLE', retryable: true };
      const ends = await Promise.allSettled([writing, reading]);
      expect(ends).toMatchObject([{ reason: lost }, { reason: lost }]);
      await expect(store.query(ids)).rejects.toMatchObject(lost);
      const other = await createStoreApp(fixture, { DATABASE_URL: direct });
      expect(await other.store.query(ids)).toEqual([]);
    });

    test('nobody is told to repeat a change that may have been made', async () => {
      const { store, network } = await open({ DATABASE_TIMEOUT_MS: '300' });
      const unknown = store.transaction(async (tx) => {
        await tx.execute(insert('1'));
        network.swallow();
      });
      await expect(unknown).rejects.toMatchObject({ retryable: false });
    }, 30_000);

    test('a stream that does not begin ends in time, when its caller stops, and when its connection is lost', async () => {
      const { store, network, direct } = await open({ DATABASE_TIMEOUT_MS: '2000' });
      const impatient = await open({ DATABASE_TIMEOUT_MS: '400' });
      const read = async (signal?: AbortSignal, from = store) => {
        for await (const _ of from.stream(endless, { signal })) throw new Error('a row');
      };
      await expect(read(undefined, impatient.store)).rejects.toMatchObject({
        code: 'STORE_TIMEOUT',
      });
      await expect(read(AbortSignal.timeout(60))).rejects.toMatchObject({ name: 'TimeoutError' });
      await expect.poll(() => running(direct), { timeout: 5_000 }).toEqual([]);
      const lost = read();
      lost.catch(() => {});
      await expect.poll(() => running(direct), { timeout: 5_000, interval: 20 }).toHaveLength(1);
      await network.close();
      await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      // MySQL goes on with what it cannot send.
      if (fixture === postgresFixture) {
        await expect.poll(() => running(direct), { timeout: 5_000 }).toEqual([]);
      }
    }, 30_000);

    test('queries that nobody waits for end, and take no connection beyond the pool', async () => {
      const { store, direct } = await open({ DATABASE_POOL_SIZE: '3' });
      for (let round = 0; round < 5; round += 1) {
        const calls = Array.from({ length: 6 }, () =>
          store.query(endless, AbortSignal.timeout(60)).catch(() => {}),
        );
        await sleep(30);
        expect(((await running(direct)) as unknown[]).length).toBeLessThanOrEqual(3);
        await Promise.all(calls);
      }
      await expect.poll(() => running(direct), { timeout: 8_000 }).toEqual([]);
      expect(await store.query(ids)).toEqual([]);
    }, 30_000);
  });
}
