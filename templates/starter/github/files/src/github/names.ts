import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';

/** A repository, as GitHub's addresses name it. */
export interface RepositoryName {
  readonly owner: string;
  readonly repo: string;
}

export const owner = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/, 'must be the login of a user or an organization')
  .describe('User or organization, such as octocat');

export const repo = z
  .string()
  .regex(/^(?!\.\.?$)[\w.-]{1,100}$/, 'must be the name of a repository, without its owner')
  .describe('Name of the repository, without its owner');

export const path = z
  .string()
  .max(1_000)
  .transform((text) => text.replace(/^\/+|\/+$/g, ''))
  .refine(
    (text) => text === '' || text.split('/').every(isSegment),
    'must be a path inside of the repository',
  );

/** `..` would lead out of the repository, also percent-encoded; a name that is empty is none. */
function isSegment(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && name.isWellFormed()
  );
}

export const ref = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\s\p{Cc}~^:?*[\\]+$/u, 'must be a branch, a tag or a commit')
  .describe('Branch, tag or commit; by default the main branch');

/** An address gives texts, which nobody has checked. @throws {ToolError} `NOT_FOUND` when there cannot be such a name. */
export function checked<T>(schema: z.ZodType<T>, text: string | undefined): T {
  const parsed = schema.safeParse(text ?? '');
  if (parsed.success) return parsed.data;
  throw new ToolError('NOT_FOUND', 'GitHub has no such address.');
}

const PATTERN = /^[A-Za-z0-9][\w-]*\/(?:\*|[\w.-]+)$/;

/** Repositories of a setting: `acme/shop`, or `acme/*` for all of one owner. None means every repository. */
export class AllowedRepositories {
  readonly #names: ReadonlySet<string>;

  constructor(readonly patterns: readonly string[]) {
    this.#names = new Set(patterns.map((pattern) => pattern.toLowerCase()));
  }

  static isPattern(text: string): boolean {
    return PATTERN.test(text);
  }

  includes({ owner, repo }: RepositoryName): boolean {
    if (this.#names.size === 0) return true;
    return [`${owner}/*`, `${owner}/${repo}`].some((one) => this.#names.has(one.toLowerCase()));
  }

  /** What a search has to be limited by. */
  get qualifiers(): string {
    return this.patterns
      .map((one) => (one.endsWith('/*') ? `user:${one.slice(0, -2)}` : `repo:${one}`))
      .join(' ');
  }

  /** @throws {ToolError} `NOT_FOUND` for one that is not among them. */
  check(name: RepositoryName): void {
    if (this.includes(name)) return;
    throw new ToolError('NOT_FOUND', `This server does not serve ${name.owner}/${name.repo}.`, {
      suggestions: [`It serves ${this.patterns.join(', ')}.`],
    });
  }
}
