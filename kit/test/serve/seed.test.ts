import { describe, expect, test, vi } from 'vitest';
import { seed } from '../../src/serve/seed.js';
import { type SqlPart, type SqlRunner, sql } from '../../src/store/sql.js';
import { titled } from '../support/databases.js';
import { createStoreApp, storeFixtures } from '../support/stores.js';

/** What a program writes, and its exit code. */
async function run(program: () => Promise<number>) {
  const text = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text.out += String(chunk);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text.err += String(chunk);
    return true;
  });
  try {
    return { code: await program(), ...text };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

async function fill(tx: SqlRunner): Promise<string> {
  await tx.execute(sql`INSERT INTO notes VALUES ('1', 'a', 'b', 'now')`);
  return 'Added a note.';
}

for (const fixture of storeFixtures) {
  const part = fixture.part as SqlPart;

  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    const titlesIn = async (env: Record<string, string>) => {
      const { store } = await createStoreApp(fixture, env);
      return await store.query(sql`SELECT title FROM notes`);
    };

    test('sample data are added to a database that had no tables', async () => {
      const env = await fixture.env();
      const done = await run(() => seed(part, fill, env));
      expect(done).toEqual({ code: 0, out: 'Added a note.\n', err: '' });
      expect(await titlesIn(env)).toEqual([{ title: 'a' }]);
    });

    test('sample data that fail half-way are not there', async () => {
      const env = await fixture.env();
      const done = await run(() =>
        seed(part, async (tx) => (await fill(tx)) + (await fill(tx)), env),
      );
      expect(done).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/cannot be added/),
      });
      expect(await titlesIn(env)).toEqual([]);
    });

    test('nothing is added in production', async () => {
      const env = await fixture.env();
      const done = await run(() => seed(part, fill, { ...env, NODE_ENV: 'production' }));
      expect(done).toMatchObject({ code: 1, out: '', err: expect.stringContaining('NODE_ENV') });
      expect(await titlesIn(env)).toEqual([]);
    });

    test('a database that is away is named without its password', async () => {
      const done = await run(() => seed(part, fill, fixture.away));
      expect(done).toMatchObject({ code: 1, err: expect.not.stringContaining(':secret') });
    });
  });
}
