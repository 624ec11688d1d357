/**
 * A datastore as somebody would add it: a file of the kit (`kit/test/fixtures/toysql.ts`, where the contract of stores holds
 * for it), and a folder of templates. That is PostgreSQL's in other words, so that it has whatever a datastore needs today.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KIT, TEMPLATES } from './render.js';

export interface Planted {
  readonly templates: string;
  readonly kit: string;
  remove(): Promise<void>;
}

const WORDS = [
  ['PostgreSQL', 'ToySQL'],
  ['postgresql', 'toysql'],
  ['postgres', 'toysql'],
  ['POSTGRES', 'TOYSQL'],
  ['5432', '7654'],
] as const;

const TEST_DATABASE = `import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The settings of a database for one test. */
export async function openTestDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'database-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return { DATABASE_URL: \`toysql://127.0.0.1\${join(folder, 'test.db')}\` };
}
`;

/** The templates and the kit with it. */
export async function plantDatastore(): Promise<Planted> {
  const folder = await mkdtemp(join(tmpdir(), 'planted-'));
  const [templates, kit] = [join(folder, 'templates'), join(folder, 'kit')];
  await cp(TEMPLATES, templates, { recursive: true });
  for (const part of ['package.json', 'src']) {
    await cp(join(KIT, part), join(kit, part), { recursive: true });
  }
  const part = await readFile(join(KIT, 'test/fixtures/toysql.ts'), 'utf8');
  await writeFile(join(kit, 'src/store/toysql.ts'), part.replaceAll('../../src/', '../'));

  const feature = join(templates, 'datastore', 'toysql');
  await cp(join(templates, 'datastore', 'postgres'), feature, { recursive: true });
  for (const entry of await readdir(feature, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    let text = await readFile(file, 'utf8');
    for (const [from, to] of WORDS) text = text.replaceAll(from, to);
    await writeFile(file, text);
  }
  // Its driver comes with the kit's file, and its tests have a file: they need no server.
  const json = join(feature, 'feature.json');
  const said = JSON.parse(await readFile(json, 'utf8'));
  said.provides = said.provides.filter((capability: string) => capability !== 'test-setup');
  delete said.facts.testSetup;
  await writeFile(json, JSON.stringify(said));
  const database = join(feature, 'files/test/support/database.ts');
  const setup = join(feature, 'files/test/support/postgres.ts');
  for (const other of [join(feature, 'package.json'), setup, database, `${database}.hbs`]) {
    await rm(other, { force: true });
  }
  await writeFile(database, TEST_DATABASE);
  return { templates, kit, remove: () => rm(folder, { recursive: true }) };
}
