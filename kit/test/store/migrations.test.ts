import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadSettings } from '../../src/host/host.js';
import { nodeHost } from '../../src/host/node/host.js';
import { migrate } from '../../src/serve/migrate.js';
import {
  applyMigrations,
  type MigrationDatabase,
  migrationStatus,
  readMigrations,
} from '../../src/store/migrations.js';
import type { SqlPart } from '../../src/store/sql.js';
import { log } from '../support/app.js';
import { titled } from '../support/databases.js';
import { newFolder } from '../support/folder.js';
import { createStoreApp, storeFixtures } from '../support/stores.js';

/** The files of a folder of migrations. */
function migrationsOf(files: Record<string, string>) {
  const folder = newFolder('migrations');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readMigrations(folder);
}

const FIRST = { '1-a.sql': 'CREATE TABLE a (n INT);\nINSERT INTO a VALUES (1);' };

for (const fixture of storeFixtures) {
  const part = fixture.part as SqlPart;

  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    async function openTwo() {
      const env = await fixture.env();
      const config = loadSettings(part.settings ?? {}, env, [], nodeHost.files);
      const open = async () => {
        const database = await part.openMigrations(config as never);
        onTestFinished(() => database.close().catch(() => {}));
        return database;
      };
      return { env, open };
    }
    const count = async (database: MigrationDatabase, table: string) =>
      Number((await database.query(`SELECT count(*) AS n FROM ${table}`))[0]?.n);

    test('what is new is applied once, in the order of the names', async () => {
      const { open } = await openTwo();
      const database = await open();
      expect(await migrationStatus(database, migrationsOf(FIRST))).toEqual({
        applied: [],
        pending: ['1-a.sql'],
      });
      const both = migrationsOf({ '2-b.sql': 'INSERT INTO a VALUES (2)', ...FIRST });
      expect(await applyMigrations(database, log, migrationsOf(FIRST))).toEqual(['1-a.sql']);
      await database.close();
      const again = await open();
      expect(await applyMigrations(again, log, both)).toEqual(['2-b.sql']);
      await again.close();
      const last = await open();
      expect(await applyMigrations(last, log, both)).toEqual([]);
      expect(await count(last, 'a')).toBe(2);
      expect(await migrationStatus(last, both)).toEqual({
        applied: ['1-a.sql', '2-b.sql'],
        pending: [],
      });
    });

    test('processes that start together apply each once', async () => {
      const { open } = await openTwo();
      const files = migrationsOf({
        ...FIRST,
        '2-b.sql': '-- no transaction\nINSERT INTO a VALUES (2);',
        '3-c.sql': 'INSERT INTO a VALUES (3);',
      });
      const applied = await Promise.all(
        [1, 2, 3].map(async () => {
          const database = await open();
          const names = await applyMigrations(database, log, files);
          await database.close();
          return names;
        }),
      );
      expect(applied.flat().sort()).toEqual(['1-a.sql', '2-b.sql', '3-c.sql']);
      expect(await count(await open(), 'a')).toBe(3);
    });

    test('an applied file that was edited or is gone is named', async () => {
      const { open } = await openTwo();
      const database = await open();
      await applyMigrations(database, log, migrationsOf(FIRST));
      const edited = migrationsOf({ '1-a.sql': 'CREATE TABLE a (n INT);' });
      await expect(migrationStatus(database, edited)).rejects.toThrow(
        'migrations/1-a.sql was edited',
      );
      await expect(migrationStatus(database, [])).rejects.toThrow('migrations/1-a.sql was applied');
      const windows = migrationsOf({ '1-a.sql': FIRST['1-a.sql'].replaceAll('\n', '\r\n') });
      await expect(migrationStatus(database, windows)).resolves.toMatchObject({ pending: [] });
    });

    test('one that fails is named with its line, and those before it stay', async () => {
      const { open } = await openTwo();
      const files = migrationsOf({
        ...FIRST,
        '2-b.sql': 'INSERT INTO a VALUES (2);\n\n-- wrong\nINSERT INTO\n  nothing VALUES (3);',
      });
      const database = await open();
      const failed = applyMigrations(database, log, files);
      await expect(failed).rejects.toThrow(/^migrations\/2-b\.sql, line [45]: .*nothing/);
      expect(await count(database, 'a')).toBe(1);
      expect(await migrationStatus(database, files)).toMatchObject({ pending: ['2-b.sql'] });
    });

    test('one without a transaction that fails half-way is not begun again', async () => {
      const { open } = await openTwo();
      const files = migrationsOf({
        ...FIRST,
        '2-b.sql': '-- no transaction\nINSERT INTO a VALUES (2);\nINSERT INTO nothing VALUES (3);',
      });
      const database = await open();
      await expect(applyMigrations(database, log, files)).rejects.toThrow('line 3');
      await expect(migrationStatus(database, files)).rejects.toThrow(
        'migrations/2-b.sql began and did not end',
      );
      expect(await count(database, 'a')).toBe(2);
    });

    test('a file does not end its own transaction', async () => {
      const { open } = await openTwo();
      const files = migrationsOf({ '1-a.sql': 'CREATE TABLE a (n INT);\nCOMMIT;' });
      await expect(applyMigrations(await open(), log, files)).rejects.toThrow(
        'migrations/1-a.sql, line 2: each file runs in a transaction',
      );
    });

    test('the program lists, applies, and says what is wrong', async () => {
      const { env } = await openTwo();
      const said: string[] = [];
      for (const stream of [process.stdout, process.stderr]) {
        const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
          said.push(String(text));
          return true;
        });
        onTestFinished(() => spy.mockRestore());
      }
      const run = async (...args: string[]) => {
        said.length = 0;
        return { code: await migrate(part, args, env), said: said.join('') };
      };
      const name = '0001_notes.sql';
      expect(await run('--dry-run')).toEqual({ code: 1, said: `pending  ${name}\n` });
      expect(await run()).toEqual({ code: 0, said: `applied  ${name}\n` });
      expect(await run()).toEqual({ code: 0, said: 'Nothing to apply.\n' });
      expect(await run('--status')).toEqual({ code: 0, said: `applied  ${name}\n` });
      expect(await run('--dry-run')).toEqual({ code: 0, said: '' });
      expect(await run('--wrong')).toMatchObject({ code: 2 });
      const away = await migrate(part, [], fixture.away);
      expect(away).toBe(1);
      expect(said.join('')).not.toContain('secret');
    });

    test('a server that may not migrate is not ready until somebody has', async () => {
      const { env, open } = await openTwo();
      const app = await createStoreApp(fixture, { ...env, MIGRATE_ON_START: 'false' });
      await expect(app.store.ping()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        cause: { message: expect.stringContaining('migrations/0001_notes.sql') },
      });
      const database = await open();
      await applyMigrations(database, log);
      await expect(app.store.ping()).resolves.toBeUndefined();
    });
  });
}
