import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileSystemError } from '../apply/fs-error.js';
import type { Catalog } from '../catalog/types.js';
import { CliError, ExitCode, type Problem, UsageError } from '../errors.js';
import { commit } from '../project/commit.js';
import { LOCK_PATH, withLock } from '../project/lock.js';
import { findProject, projectProvides, readIfPresent } from '../project/project.js';
import { checkDescription } from '../project-spec/index.js';
import { type Access, audienceOf, scopesInUse } from './access.js';
import { insertExport, parseBarrel } from './barrel.js';
import { checkName, collisionKey, type PrimitiveNames, primitiveNames } from './names.js';
import { type Param, parseParams } from './params.js';
import { renderTool, type ToolDraft } from './render-tool.js';
import { parseScopes } from './scopes.js';

export interface AddToolOptions {
  /** As clients will see it, for example `search_orders`. */
  readonly name: string;
  /** For the model: when to use the tool. Default: its title. */
  readonly description?: string | undefined;
  /** `--param` values; see `parseParams`. */
  readonly params: readonly string[];
  readonly readOnly: boolean;
  /** `--scope` values; see `parseScopes`. */
  readonly scopes: readonly string[];
  /** Somewhere in the project. */
  readonly cwd: string;
  readonly catalog: Catalog;
}

export interface AddedTool extends PrimitiveNames {
  readonly root: string;
  readonly packageManager: string;
  /** Written paths, relative to the project. */
  readonly files: readonly string[];
  readonly access: Access;
}

const TOOLS = 'src/tools';
const TESTS = 'test/tools';
const BARREL = `${TOOLS}/index.ts`;
/** A new tool imports it. */
const PARTS = 'src/parts.ts';

/**
 * Adds a tool to the project around `cwd`: its module, its test and one line in the barrel; all of it or nothing.
 * @throws UsageError for names and parameters (every problem at once) and outside of a project; CliError when the
 * name is taken, the barrel is not as it should be, or another run holds the lock. Then nothing has changed.
 */
export async function addTool(options: AddToolOptions): Promise<AddedTool> {
  const draft = draftOf(options);
  const { root, manifest } = findProject(options.cwd);
  const before = scopesInUse(root);
  const { packageManager } = manifest.spec;
  checkInside(root);
  const files = [`${TOOLS}/${draft.file}.ts`, `${TESTS}/${draft.file}.test.ts`, BARREL] as const;
  try {
    await withLock(path.join(root, LOCK_PATH), () => write(root, draft, files, options.catalog));
  } catch (error) {
    throw fileSystemError(error, root);
  }
  const { name, file, identifier, title, scopes } = draft;
  const hasAuth = projectProvides(manifest, 'auth', options.catalog);
  const access: Access = {
    scopes,
    newScopes: scopes.filter((scope) => !before.includes(scope)),
    audience: hasAuth ? await audienceOf(root, name) : null,
  };
  return { name, file, identifier, title, root, packageManager, files, access };
}

/** Checks all that can be checked without a project. */
function draftOf({ name, description, params, readOnly, scopes }: AddToolOptions): ToolDraft {
  const parsed = parseParams(params);
  const parsedScopes = parseScopes(scopes);
  const problems: Problem[] = [...parsed.problems, ...parsedScopes.problems];
  const wrongName = checkName(name);
  if (wrongName) problems.unshift(wrongName);
  if (description !== undefined) problems.push(...checkDescription(description));
  if (problems.length > 0) throw new UsageError(problems);
  const names = primitiveNames(name);
  const text = description?.trim() ?? `${names.title}.`;
  return {
    ...names,
    description: text,
    params: parsed.params satisfies Param[],
    readOnly,
    scopes: parsedScopes.scopes,
  };
}

function write(
  root: string,
  draft: ToolDraft,
  [toolFile, testFile, barrelFile]: readonly [string, string, string],
  catalog: Catalog,
): void {
  if (readIfPresent(path.join(root, PARTS)) === null) {
    throw refusal(
      `${PARTS} is missing: an older version generated this project, or the file was moved.`,
      `Write the tool by hand, like those in ${TOOLS}. Nothing was changed.`,
    );
  }
  const text = readIfPresent(path.join(root, barrelFile));
  if (text === null) {
    throw refusal(
      `${barrelFile} is missing.`,
      'Restore it from version control; it has one export line per tool. Nothing was changed.',
    );
  }
  const barrel = parseBarrel(text, barrelFile);
  checkCollisions(root, draft, barrel.names, testFile);
  const { tool: blueprints = {} } = catalog.blueprints;
  const rendered = renderTool(draft, blueprints);
  commit([
    { file: path.join(root, toolFile), contents: rendered.tool, mode: 'create' },
    { file: path.join(root, testFile), contents: rendered.test, mode: 'create' },
    {
      file: path.join(root, barrelFile),
      contents: insertExport(barrel, draft.identifier, draft.file),
      mode: 'replace',
    },
  ]);
}

/** Names that differ only in case and separators are one file, one export, or one tool to a model. */
function checkCollisions(
  root: string,
  { name, file, identifier }: PrimitiveNames,
  exported: readonly string[],
  testFile: string,
): void {
  const key = collisionKey(name);
  const hint = 'Choose another name. Nothing was changed.';
  const twin = exported.find((other) => collisionKey(other) === key);
  if (twin !== undefined) {
    throw refusal(
      `${name} would be exported as ${identifier}, but ${BARREL} already exports ${twin}.`,
      hint,
    );
  }
  for (const entry of readdirSync(path.join(root, TOOLS))) {
    if (collisionKey(entry.replace(/\..*$/, '')) === key) {
      throw refusal(
        `${name} would be ${TOOLS}/${file}.ts, but ${TOOLS}/${entry} already exists.`,
        hint,
      );
    }
    const used = entry.endsWith('.ts') ? toolNames(path.join(root, TOOLS, entry)) : [];
    const same = used.find((other) => collisionKey(other) === key);
    if (same !== undefined) {
      throw refusal(`${TOOLS}/${entry} already has a tool named ${same}.`, hint);
    }
  }
  if (lstatSync(path.join(root, testFile), { throwIfNoEntry: false })) {
    throw refusal(`${testFile} already exists.`, 'Move it, or choose another name.');
  }
}

/** The names under which a module defines tools, as far as they are written as literals. */
function toolNames(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const calls = source.matchAll(/\bdefineTool\(\{\s*name:\s*(['"`])([\w-]+)\1/g);
  return [...calls].map(([, , name = '']) => name);
}

/** Symbolic links must not redirect writes to outside the project. */
function checkInside(root: string): void {
  const home = realpathSync(root);
  for (const folder of [TOOLS, TESTS]) {
    const real = realpath(path.join(root, folder));
    if (real !== null && !real.startsWith(home + path.sep)) {
      throw refusal(
        `${folder} points outside the project, to ${real}.`,
        'Replace it with a directory.',
      );
    }
  }
  if (lstatSync(path.join(root, BARREL), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw refusal(
      `${BARREL} is a symbolic link.`,
      'Replace it with a regular file. Nothing was changed.',
    );
  }
}

function realpath(folder: string): string | null {
  try {
    return realpathSync(folder);
  } catch {
    return null;
  }
}

function refusal(message: string, hint: string): CliError {
  return new CliError(ExitCode.failed, [{ message, hint }]);
}
