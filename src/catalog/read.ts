/** Reads a `templates/` folder into memory and checks it. Nothing is compiled here. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { checkCatalog } from './check.js';
import { readKit } from './read-kit.js';
import { axisSchema, featureSchema, packageSchema } from './schema.js';
import {
  type AxisSource,
  CatalogError,
  type CatalogSource,
  type FeatureSource,
  type FileSource,
  type SlotSource,
  type TemplateText,
} from './source.js';
import { openedSlots } from './template.js';

const BASE = 'base';
const RENDERED = '.hbs';
/** Folders whose files lie in the project: `files/`, and `with-http/` for what is there beside a feature that provides `http`. */
const OVERLAY = /^(files\/|with-([a-z][a-z0-9-]*)\/)/;

/**
 * Reads the folder `dir`: `base`, one folder per axis (it has `axis.json`), and blueprint folders (only `*.hbs`); and the
 * kit in the folder `kitDir`. Throws a `CatalogError` that names every mistake.
 */
export async function readCatalog(dir: string, kitDir: string): Promise<CatalogSource> {
  const reader = new Reader(dir);
  const { kit, mistakes: kitMistakes } = await readKit(kitDir);
  const catalog = { ...(await reader.catalog()), kit };
  const own = reader.mistakes.length > 0 ? reader.mistakes : checkCatalog(catalog);
  const mistakes = [...own, ...kitMistakes];
  if (mistakes.length > 0) throw new CatalogError(mistakes);
  return catalog;
}

class Reader {
  readonly mistakes: string[] = [];
  readonly #slots = new Set<string>();

  constructor(readonly dir: string) {}

  async catalog(): Promise<Omit<CatalogSource, 'kit'>> {
    const folders = await this.#folders('');
    const axes: AxisSource[] = [];
    const blueprints: Record<string, Record<string, TemplateText>> = {};
    const base = await this.#feature(BASE, BASE, BASE);
    for (const folder of folders.filter((name) => name !== BASE)) {
      const names = await readdir(join(this.dir, folder));
      if (names.includes('axis.json')) axes.push(await this.#axis(folder));
      else blueprints[folder] = await this.#blueprints(folder);
    }
    axes.sort((a, b) => a.order - b.order || compare(a.id, b.id));
    return { base, axes, slots: [...this.#slots].sort(compare), blueprints };
  }

  async #axis(id: string): Promise<AxisSource> {
    const meta = await this.#json(`${id}/axis.json`, axisSchema);
    const features: FeatureSource[] = [];
    for (const name of await this.#folders(id)) {
      features.push(await this.#feature(id, name, `${id}/${name}`));
    }
    features.sort((a, b) => a.order - b.order || compare(a.id, b.id));
    return { id, ...meta, features };
  }

  async #feature(axis: string, id: string, folder: string): Promise<FeatureSource> {
    const { when, ...meta } = await this.#json(`${folder}/feature.json`, featureSchema);
    const conditions = new Conditions(when);
    const files: FileSource[] = [];
    const slots: SlotSource[] = [];
    let pkg: Record<string, unknown> = {};
    for (const path of await this.#walk(folder)) {
      const file = `${folder}/${path}`;
      const condition = conditions.of(path);
      const overlay = OVERLAY.exec(path);
      if (path === 'package.json') pkg = await this.#json(file, packageSchema);
      else if (overlay) {
        const [, place = '', capability] = overlay;
        const when = [capability, condition].filter((term) => term !== undefined).join('&');
        files.push(await this.#file(file, path.slice(place.length), when || undefined));
      } else if (path.startsWith('slots/')) slots.push(await this.#slot(file, path, condition));
      else if (path !== 'feature.json') {
        this.mistakes.push(
          `${file}: a feature has feature.json, package.json, files/, with-<capability>/ and slots/`,
        );
      }
    }
    this.mistakes.push(...conditions.mistakes.map((text) => `${folder}/feature.json: ${text}`));
    return { axis, id, ...meta, pkg, files, slots };
  }

  async #file(file: string, path: string, when: string | undefined): Promise<FileSource> {
    const rendered = path.endsWith(RENDERED);
    const target = projectPath(path);
    return {
      path: rendered ? target.slice(0, -RENDERED.length) : target,
      file,
      template: rendered ? await this.#template(file) : null,
      bytes: rendered ? null : await readFile(join(this.dir, file)),
      ...(when === undefined ? {} : { when }),
    };
  }

  async #slot(file: string, path: string, when: string | undefined): Promise<SlotSource> {
    const verbatim = !path.endsWith(RENDERED);
    const name = path.slice('slots/'.length, verbatim ? undefined : -RENDERED.length);
    return {
      slot: name.replace(/\.[^/]*$/, ''),
      file,
      template: verbatim ? await this.#text(file) : await this.#template(file),
      verbatim,
      ...(when === undefined ? {} : { when }),
    };
  }

  async #blueprints(folder: string): Promise<Record<string, TemplateText>> {
    const templates: Record<string, TemplateText> = {};
    for (const path of await this.#walk(folder)) {
      const file = `${folder}/${path}`;
      if (path.endsWith(RENDERED)) {
        templates[path.slice(0, -RENDERED.length)] = await this.#template(file);
      } else {
        this.mistakes.push(`${file}: a folder without axis.json has only *${RENDERED} files`);
      }
    }
    return templates;
  }

  async #template(file: string): Promise<TemplateText> {
    const template = await this.#text(file);
    try {
      for (const slot of openedSlots(template.text)) this.#slots.add(slot);
    } catch (error) {
      this.mistakes.push(`${file}: ${(error as Error).message}`);
    }
    return template;
  }

  async #text(file: string): Promise<TemplateText> {
    const text = await readFile(join(this.dir, file), 'utf8');
    // A checkout on Windows may have CRLF; plans are the same everywhere.
    return { file, text: text.replaceAll('\r\n', '\n') };
  }

  async #json<S extends z.ZodType>(file: string, schema: S): Promise<z.infer<S>> {
    let value: unknown;
    try {
      value = JSON.parse(await readFile(join(this.dir, file), 'utf8'));
    } catch (error) {
      throw new CatalogError([...this.mistakes, `${file}: ${(error as Error).message}`]);
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const found = result.error.issues.map(
      (issue) => `${file}: ${issue.path.join('.') || 'file'}: ${issue.message}`,
    );
    throw new CatalogError([...this.mistakes, ...found]);
  }

  async #folders(path: string): Promise<string[]> {
    const entries = await readdir(join(this.dir, path), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort(compare);
  }

  /** All files below a folder, with `/` separators, sorted. */
  async #walk(folder: string): Promise<string[]> {
    const entries = await readdir(join(this.dir, folder), { withFileTypes: true });
    const paths: string[] = [];
    for (const entry of entries) {
      if (!entry.isDirectory()) paths.push(entry.name);
      else {
        const below = await this.#walk(`${folder}/${entry.name}`);
        paths.push(...below.map((path) => `${entry.name}/${path}`));
      }
    }
    return paths.sort(compare);
  }
}

/** The `when` table of one feature. */
class Conditions {
  readonly #unused: Set<string>;
  readonly #clashes: string[] = [];

  constructor(readonly table: Readonly<Record<string, string>>) {
    this.#unused = new Set(Object.keys(table));
  }

  of(path: string): string | undefined {
    const keys = Object.keys(this.table).filter(
      (key) => key === path || (key.endsWith('/') && path.startsWith(key)),
    );
    for (const key of keys) this.#unused.delete(key);
    if (keys.length > 1) this.#clashes.push(`when: ${keys.join(' and ')} both match ${path}`);
    return keys[0] === undefined ? undefined : this.table[keys[0]];
  }

  get mistakes(): readonly string[] {
    const unused = [...this.#unused].map((key) => `when: ${key} matches no file`);
    return [...this.#clashes, ...unused];
  }
}

/** `_github/_gitignore` → `.github/.gitignore`: npm does not publish some dotfiles under their real name. */
function projectPath(path: string): string {
  return path
    .split('/')
    .map((segment) => segment.replace(/^_/, '.'))
    .join('/');
}

/** By code unit: the same order on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
