import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { PROJECT } from '../host/node/project.js';

/** What a file of `indices/` says: an index that it describes, as the API for new indices takes it. */
const IndexBody = z.strictObject({
  settings: z.record(z.string(), z.unknown()).default({}),
  mappings: z.looseObject({
    properties: z.looseObject({ id: z.looseObject({ type: z.literal('keyword') }) }),
  }),
});

export interface IndexFile {
  /** `notes` of `indices/notes.json`. */
  readonly name: string;
  readonly settings: object;
  readonly mappings: object;
  /** Of the mappings: settings count only for new indices. */
  readonly checksum: string;
}

/** What has to be done at a cluster for index files. Errors of the cluster pass through. */
export interface IndexAdmin {
  /** The index that an alias writes to, and the checksum in its mapping; `undefined` when there is no such alias. */
  find(alias: string): Promise<{ index: string; checksum: string | undefined } | undefined>;
  /** Makes an index with its alias at once. @returns `false` when there is one of that name */
  create(index: string, alias: string, body: object): Promise<boolean>;
  /** Adds to a mapping. */
  extend(index: string, mappings: object): Promise<void>;
}

export interface IndexStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Says which file is wrong, and how. */
export class IndexFileError extends Error {
  override readonly name = 'IndexFileError';
}

const FOLDER = join(PROJECT, 'indices');

/** The files of `indices/`. @throws {IndexFileError} */
export function readIndexFiles(folder = FOLDER): IndexFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.json'.length);
      if (!/^[a-z][a-z0-9_-]{0,99}$/.test(name)) {
        throw new IndexFileError(`indices/${file}: a name of lower case letters, digits, _ and -`);
      }
      const { settings, mappings: own } = parse(file, readFileSync(join(folder, file), 'utf8'));
      // A field that the file does not name is a mistake, not a field more.
      const mappings = { dynamic: 'strict', ...own };
      const checksum = createHash('sha256').update(JSON.stringify(mappings)).digest('hex');
      return { name, settings, mappings: { ...mappings, _meta: { checksum } }, checksum };
    });
}

function parse(file: string, text: string): z.output<typeof IndexBody> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new IndexFileError(`indices/${file}: ${(error as Error).message}`);
  }
  const { data, error } = IndexBody.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new IndexFileError(`indices/${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Which indices of the files the cluster has as they are there. */
export async function indexStatus(
  admin: IndexAdmin,
  prefix: string,
  files: readonly IndexFile[] = readIndexFiles(),
): Promise<IndexStatus> {
  const applied: string[] = [];
  const pending: string[] = [];
  for (const { name, checksum } of files) {
    const found = await admin.find(prefix + name);
    (found?.checksum === checksum ? applied : pending).push(`${name}.json`);
  }
  return { applied, pending };
}

/** For a server that makes no indices itself. @throws {IndexFileError} when some are missing or differ */
export async function checkIndices(
  admin: IndexAdmin,
  prefix: string,
  files?: readonly IndexFile[],
): Promise<void> {
  const { pending } = await indexStatus(admin, prefix, files);
  if (pending.length === 0) return;
  const names = pending.map((name) => `indices/${name}`).join(', ');
  throw new IndexFileError(
    `The cluster does not have ${names} as it is here. Run npm run migrate, or set MIGRATE_ON_START=true.`,
  );
}

/**
 * Makes the indices that the cluster does not have, and adds to mappings what is new in the files. Processes that do it at the same time
 * make each index once: making one is one step at the cluster.
 * @returns the files of the indices that it has made or extended
 * @throws {IndexFileError} with the file, when a mapping cannot become what the file says
 */
export async function applyIndices(
  admin: IndexAdmin,
  prefix: string,
  log: Logger,
  files: readonly IndexFile[] = readIndexFiles(),
): Promise<string[]> {
  const applied: string[] = [];
  for (const file of files) {
    try {
      if (!(await applyIndex(admin, prefix + file.name, file))) continue;
    } catch (error) {
      if (!(error instanceof RefusedMappingError)) throw error;
      throw new IndexFileError(
        `indices/${file.name}.json: ${error.message}. A field keeps its type: make a new index, copy the documents, and move the alias (docs/data.md).`,
        { cause: error },
      );
    }
    applied.push(`${file.name}.json`);
    log.info({ index: file.name }, 'index applied');
  }
  return applied;
}

/** The cluster does not take a mapping, for this reason. */
export class RefusedMappingError extends Error {}

async function applyIndex(admin: IndexAdmin, alias: string, file: IndexFile): Promise<boolean> {
  const { settings, mappings, checksum } = file;
  let found = await admin.find(alias);
  if (found === undefined) {
    const body = { settings, mappings, aliases: { [alias]: { is_write_index: true } } };
    if (await admin.create(`${alias}-1`, alias, body)) return true;
    // Another process was faster.
    found = await admin.find(alias);
    if (found === undefined) {
      throw new IndexFileError(
        `indices/${file.name}.json: there is an index ${alias}-1 without the alias ${alias}. Add the alias, or delete the index.`,
      );
    }
  }
  if (found.index === alias) {
    throw new IndexFileError(
      `indices/${file.name}.json: ${alias} is an index of somebody else. Set DATABASE_INDEX_PREFIX.`,
    );
  }
  if (found.checksum === checksum) return false;
  await admin.extend(found.index, mappings);
  return true;
}
