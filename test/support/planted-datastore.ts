/**
 * A datastore as somebody would add it: a file of the kit (`kit/test/fixtures/mysql.ts`, where the contract of stores holds
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
  ['PostgreSQL', 'MySQL'],
  ['postgresql', 'mysql'],
  ['postgres', 'mysql'],
  ['POSTGRES', 'MYSQL'],
  ['5432', '3306'],
] as const;

const TEST_DATABASE = `import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The settings of a database for one test. */
export async function openTestDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'database-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return { DATABASE_URL: \`mysql://127.0.0.1\${join(folder, 'test.db')}\` };
}
`;

/**
 * The templates and the kit with it, without the `pieces` that are named: files and folders of its own, and `key <name>` for
 * what its feature.json says.
 */
export async function plantDatastore(...pieces: string[]): Promise<Planted> {
  const folder = await mkdtemp(join(tmpdir(), 'planted-'));
  const [templates, kit] = [join(folder, 'templates'), join(folder, 'kit')];
  await cp(TEMPLATES, templates, { recursive: true });
  for (const part of ['package.json', 'src']) {
    await cp(join(KIT, part), join(kit, part), { recursive: true });
  }
  const part = await readFile(join(KIT, 'test/fixtures/mysql.ts'), 'utf8');
  await writeFile(join(kit, 'src/store/mysql.ts'), part.replaceAll('../../src/', '../'));

  const feature = join(templates, 'datastore', 'mysql');
  await cp(join(templates, 'datastore', 'postgres'), feature, { recursive: true });
  for (const entry of await readdir(feature, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    let text = await readFile(file, 'utf8');
    for (const [from, to] of WORDS) text = text.replaceAll(from, to);
    await writeFile(file, text);
  }
  // Its driver comes with the kit's file.
  await rm(join(feature, 'package.json'));
  await writeFile(join(feature, 'files/test/support/database.ts'), TEST_DATABASE);
  for (const piece of pieces) {
    if (!piece.startsWith('key ')) await rm(join(feature, piece), { recursive: true });
  }
  const file = join(feature, 'feature.json');
  const keys = Object.entries(JSON.parse(await readFile(file, 'utf8')));
  const kept = keys.filter(([key]) => !pieces.includes(`key ${key}`));
  await writeFile(file, JSON.stringify(Object.fromEntries(kept)));
  return { templates, kit, remove: () => rm(folder, { recursive: true }) };
}
