/** A feature that lacks something is refused by name, with everything that it lacks. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import { CatalogError } from '../../src/catalog/source.js';
import { type Files, TEMPLATES, writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** What is wrong with the templates in a folder; nothing when they load. */
async function mistakesOf(folder: string): Promise<readonly string[]> {
  try {
    await loadCatalog(folder);
    return [];
  } catch (error) {
    if (error instanceof CatalogError) return error.mistakes;
    throw error;
  }
}

async function toyMistakes(must: object, changes: Files): Promise<readonly string[]> {
  const axis = { ...(TOY['store/axis.json'] as object), must };
  const folder = await writeFolder({ ...TOY, 'store/axis.json': axis, ...changes });
  folders.push(folder);
  return mistakesOf(folder);
}

const EXEMPT = { label: 'none', order: 90, exempt: 'There is nothing in it.' };

describe('a need', () => {
  it.each([
    ['file src/disk.ts', 'file src/dist.ts'],
    ['file src/*.ts', 'file test/**'],
    ['slot app/parts', 'slot operate/deploy'],
    ['key facts.place', 'key facts.room'],
    ['key env', 'key credential'],
    ['key env', 'key seeds'],
    ['package dependencies.disk', 'package devDependencies'],
    ['provides store', 'provides sql'],
  ])('is met by %s, not by %s', async (met, unmet) => {
    const none = { 'store/none/feature.json': EXEMPT };
    expect(await toyMistakes({ all: { 'what it needs': [met] } }, none)).toEqual([]);
    expect(await toyMistakes({ all: { 'what it needs': [unmet, met] } }, none)).toEqual([]);
    expect(await toyMistakes({ all: { 'what it needs': [unmet] } }, none)).toEqual([
      `store/disk/feature.json: lacks what it needs (${unmet})`,
    ]);
  });

  it('is not met by an empty file', async () => {
    const changes = { 'store/none/feature.json': EXEMPT, 'store/disk/slots/readme/run.md': ' \n' };
    expect(await toyMistakes({ all: { 'a page': ['slot readme/run'] } }, changes)).toEqual([
      'store/disk/feature.json: lacks a page (slot readme/run)',
    ]);
  });

  it('names a place that exists', async () => {
    const mistakes = await toyMistakes({ all: { 'a page': ['page readme'] } }, {});
    expect(mistakes.join()).toContain('store/axis.json: must.all.a page.0: must be file, slot');
  });
});

describe('an exemption', () => {
  const must = { life: { 'an end': ['file src/end.ts'] }, docs: { 'a page': ['slot readme/run'] } };
  const none = (exempt: unknown) => ({
    'store/none/feature.json': { label: 'none', exempt },
    'store/disk/files/src/end.ts': 'export {};\n',
  });

  it('is for one group or all of them, with a reason', async () => {
    expect(await toyMistakes(must, none('There is nothing in it.'))).toEqual([]);
    expect(await toyMistakes(must, none({ life: 'It is never open.' }))).toEqual([
      'store/none/feature.json: lacks a page (slot readme/run)',
    ]);
    expect((await toyMistakes(must, none(''))).join()).toContain('exempt: Too small');
  });

  it('is refused where nothing is demanded, or nothing lacks', async () => {
    const reasons = { life: 'It is never open.', docs: 'It needs no words.' };
    expect(await toyMistakes(must, none({ ...reasons, dosc: 'It needs no words.' }))).toEqual([
      'store/none/feature.json: exempt: store/axis.json demands no "dosc"',
    ]);
    expect(await toyMistakes({}, none('There is nothing in it.'))).toEqual([
      'store/none/feature.json: exempt: store/axis.json demands no "*"',
    ]);
    const full = { ...none(reasons), 'store/none/slots/readme/run.md': 'Nothing.\n' };
    expect(await toyMistakes(must, full)).toEqual([
      'store/none/feature.json: exempt: it provides all of "docs"',
    ]);
  });
});

describe('another datastore', { timeout: 20_000 }, () => {
  /** The templates with a copy of PostgreSQL beside it, without the named files and facts. */
  async function planted(paths: string[] = [], facts: string[] = []): Promise<readonly string[]> {
    const folder = await mkdtemp(join(tmpdir(), 'contracts-'));
    folders.push(folder);
    await cp(TEMPLATES, folder, { recursive: true });
    const mysql = join(folder, 'datastore', 'mysql');
    await cp(join(folder, 'datastore', 'postgres'), mysql, { recursive: true });
    for (const path of paths) await rm(join(mysql, path), { recursive: true });
    const file = join(mysql, 'feature.json');
    const { when: _, ...feature } = JSON.parse(await readFile(file, 'utf8'));
    for (const fact of facts) delete feature[fact];
    await writeFile(file, JSON.stringify({ ...feature, label: 'MySQL' }));
    return mistakesOf(folder);
  }

  it('is accepted when it has everything', async () => {
    expect(await planted()).toEqual([]);
  });

  it('is refused with all that it lacks: its line in parts.ts, egress, what the image needs, words', async () => {
    const facts = ['parts', 'egress', 'folders', 'service', 'runbook'];
    expect(await planted(['files/docs'], facts)).toEqual([
      'datastore/mysql/feature.json: lacks its line in src/parts.ts (key parts)',
      'datastore/mysql/feature.json: lacks what the image needs (migrations, a folder for data) (key folders or key volume)',
      'datastore/mysql/feature.json: lacks a service to start, or a volume (key service or key volume)',
      'datastore/mysql/feature.json: lacks egress to it, or a volume (key egress or key volume)',
      'datastore/mysql/feature.json: lacks its page, docs/data.md (file docs/data.md)',
      'datastore/mysql/feature.json: lacks why a server is not ready (runbook) (key runbook.notReady)',
      'datastore/mysql/feature.json: lacks why calls fail (runbook) (key runbook.errorCauses)',
      'datastore/mysql/feature.json: lacks its error codes (runbook) (key runbook.errorCodes)',
      'datastore/mysql/feature.json: lacks why calls are slow (runbook) (key runbook.slowCauses)',
    ]);
  });

  it('is refused for a service that nobody can start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'contracts-'));
    folders.push(folder);
    await cp(TEMPLATES, folder, { recursive: true });
    const file = join(folder, 'datastore/postgres/feature.json');
    const feature = JSON.parse(await readFile(file, 'utf8'));
    const service = { ...feature.service, image: 'postgres', port: 0, health: [] };
    await writeFile(file, JSON.stringify({ ...feature, service }));
    const mistakes = (await mistakesOf(folder)).join('\n');
    for (const key of ['image: must be an image with its version', 'port: ', 'health: ']) {
      expect(mistakes).toContain(`datastore/postgres/feature.json: service.${key}`);
    }
  });

  it('is refused when it is only a name', async () => {
    const { must } = JSON.parse(await readFile(join(TEMPLATES, 'datastore/axis.json'), 'utf8'));
    const needs = Object.values<Record<string, string[]>>(must).flatMap(Object.entries);
    expect(needs.length).toBeGreaterThan(15);
    const feature = JSON.parse(
      await readFile(join(TEMPLATES, 'datastore/postgres/feature.json'), 'utf8'),
    );
    expect(await planted(['files', 'slots', 'package.json'], Object.keys(feature))).toEqual(
      needs.map(
        ([what, ways]) =>
          `datastore/mysql/feature.json: lacks ${what} (${(ways as string[]).join(' or ')})`,
      ),
    );
  });
});

it('every axis that decides how a server runs demands something', async () => {
  const ids = ['datastore', 'state', 'auth', 'deploy', 'transport'];
  for (const id of ids) {
    const { must = {} } = JSON.parse(await readFile(join(TEMPLATES, id, 'axis.json'), 'utf8'));
    expect({ id, groups: Object.keys(must).length }).not.toEqual({ id, groups: 0 });
  }
});
