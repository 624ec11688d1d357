import { ToolError } from '../kit/index.js';
import { ApiError } from '../kit/outbound/api-error.js';
import type { Credential } from '../kit/outbound/credentials.js';
import type { ApiRequest, ApiResponse, HttpApi } from '../kit/outbound/http-api.js';
import { byLink } from '../kit/outbound/pages.js';
import {
  ContentsAnswer,
  type EntryAnswer,
  type FileAnswer,
  IssueAnswer,
  type MatchAnswer,
  RepositoryAnswer,
  SearchAnswer,
} from './answers.js';
import { cursorOf, queryOf } from './cursors.js';
import { explained, maybeDone } from './errors.js';
import type { AllowedRepositories, RepositoryName } from './names.js';
import type { Issue, Match, Repository } from './results.js';
import { excerpt, visibleText } from './untrusted.js';

/** Larger files are not read. GitHub itself stops at 100 MB. */
export const MAX_FILE_BYTES = 5_000_000;
/** GitHub lists no more entries of a directory. */
const MAX_ENTRIES = 1_000;
/** Of an issue in a list; the resource of the issue has the rest. */
const MAX_LISTED_BODY = 1_000;
/** A page of issues can consist of pull requests alone. So many are looked through for one that does not. */
const MAX_PAGES = 5;

export interface Entry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'submodule';
  readonly size: number;
}

/** What is at a path of a repository. */
export type Contents =
  | { readonly kind: 'file'; readonly file: RepositoryFile }
  | { readonly kind: 'directory'; readonly entries: readonly Entry[]; readonly isComplete: boolean }
  /** To something that is no file of the repository. */
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'submodule'; readonly url: string; readonly commit: string };

export interface RepositoryFile {
  readonly path: string;
  readonly sha: string;
  readonly size: number;
  /** On GitHub's pages. */
  readonly url: string | null;
  readonly bytes: Uint8Array;
}

export interface Place extends RepositoryName {
  readonly path: string;
  readonly ref?: string | undefined;
}

interface PageRequest {
  readonly limit: number;
  /** The cursor of the page; empty for the first one. */
  readonly after: string;
}

interface IssuesRequest extends PageRequest {
  readonly state: 'open' | 'closed' | 'all';
  readonly labels: readonly string[];
}

export interface IssueDraft {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
}

/**
 * GitHub's REST API with one token, or without. Methods throw `ToolError`s.
 * @see https://docs.github.com/rest
 */
export class GitHubClient {
  constructor(
    private readonly api: HttpApi,
    private readonly allowed: AllowedRepositories,
    private readonly credential: Credential | undefined,
  ) {}

  /** Repositories of an owner or, without one, those that the token belongs to; last pushed first. */
  async repositories(owner: string, { limit, after }: PageRequest, signal: AbortSignal) {
    const request = {
      schema: RepositoryAnswer.array(),
      query: { per_page: limit, sort: 'pushed', direction: 'desc', ...queryOf(after) },
      signal,
    };
    const page =
      owner === ''
        ? await this.#ask('/user/repos', 'your repositories', request)
        : await this.#repositoriesOf(owner, request);
    const repositories = page.data
      .filter(({ owner, name }) => this.allowed.includes({ owner: owner.login, repo: name }))
      .map(toRepository);
    return { repositories, next: cursorOf(byLink(page)) };
  }

  /** Only organizations show what is private at their own address, and only users are at that of users. */
  async #repositoriesOf<T>(owner: string, request: ApiRequest<T>): Promise<ApiResponse<T>> {
    const asked = { ...request, params: { owner } };
    try {
      return await this.#ask('/orgs/{owner}/repos', owner, asked);
    } catch (error) {
      if (!(error instanceof ToolError && error.code === 'NOT_FOUND')) throw error;
      return await this.#ask('/users/{owner}/repos', `a user or organization ${owner}`, asked);
    }
  }

  /** @throws {ToolError} `NOT_FOUND`, or `OUTPUT_TOO_LARGE` for a file of more than `MAX_FILE_BYTES`. */
  async contents({ owner, repo, path, ref }: Place, signal: AbortSignal): Promise<Contents> {
    this.allowed.check({ owner, repo });
    const at =
      path === '' ? '/repos/{owner}/{repo}/contents' : '/repos/{owner}/{repo}/contents/{+path}';
    const request = { params: { owner, repo, path }, query: { ref }, signal };
    const place = path === '' ? `${owner}/${repo}` : `${path} in ${owner}/${repo}`;
    const what = ref === undefined ? place : `${place} at ${ref}`;
    const data = await this.#contents(at, what, request);
    if (Array.isArray(data)) {
      const isComplete = data.length < MAX_ENTRIES;
      return { kind: 'directory', entries: data.map(toEntry), isComplete };
    }
    const { type, size, sha, target = '', submodule_git_url: url } = data;
    if (type === 'symlink') return { kind: 'symlink', target };
    if (type === 'submodule') return { kind: 'submodule', url: url ?? '', commit: sha };
    if (size > MAX_FILE_BYTES) throw fileTooLarge(what, size);
    const bytes = bytesOf(data) ?? (await this.#raw(at, what, request));
    return { kind: 'file', file: { path, sha, size, url: data.html_url ?? null, bytes } };
  }

  async #contents(at: string, what: string, request: ApiRequest) {
    try {
      return (await this.#ask(at, what, { ...request, schema: ContentsAnswer })).data;
    } catch (error) {
      // A repository without a commit has no root.
      if (error instanceof ToolError && /repository is empty/.test(error.message)) return [];
      throw error;
    }
  }

  /** Files between 1 and 100 MB come in this form alone. */
  #raw(at: string, what: string, request: ApiRequest): Promise<Uint8Array> {
    const headers = { accept: 'application/vnd.github.raw+json' };
    return this.#explaining(what, () =>
      this.api.bytes(at, { ...request, ...this.#common, headers }),
    );
  }

  /** Files of default branches that match, in GitHub's code search syntax. */
  async searchCode(query: string, { limit, after }: PageRequest, signal: AbortSignal) {
    const page = await this.#ask('/search/code', 'a search', {
      schema: SearchAnswer,
      query: {
        q: `${query} ${this.allowed.qualifiers}`.trim(),
        per_page: limit,
        ...queryOf(after),
      },
      headers: { accept: 'application/vnd.github.text-match+json' },
      rateLimit: 'code_search',
      signal,
    });
    const { items, total_count: total, incomplete_results: isPartial } = page.data;
    // The query may name other places, too.
    const matches = items
      .filter(({ repository: { owner, name } }) =>
        this.allowed.includes({ owner: owner.login, repo: name }),
      )
      .map(toMatch);
    return { matches, total, isComplete: !isPartial, next: cursorOf(byLink(page)) };
  }

  /** Issues without pull requests, which GitHub counts among them; newest first. */
  async issues(
    { owner, repo }: RepositoryName,
    { state, labels, limit, after }: IssuesRequest,
    signal: AbortSignal,
  ) {
    this.allowed.check({ owner, repo });
    let next: string | null = after;
    for (let pages = 1; ; pages += 1) {
      const page = await this.#ask('/repos/{owner}/{repo}/issues', `${owner}/${repo}`, {
        schema: IssueAnswer.array(),
        params: { owner, repo },
        query: { state, labels: labels.join(',') || undefined, per_page: limit, ...queryOf(next) },
        signal,
      });
      const issues = page.data
        .filter(({ pull_request }) => pull_request === undefined)
        .map(toListed);
      next = cursorOf(byLink(page));
      if (issues.length > 0 || next === null || pages === MAX_PAGES) return { issues, next };
    }
  }

  async issue(
    { owner, repo }: RepositoryName,
    number: number,
    signal: AbortSignal,
  ): Promise<Issue> {
    this.allowed.check({ owner, repo });
    const { data } = await this.#ask(
      '/repos/{owner}/{repo}/issues/{number}',
      `issue ${number} of ${owner}/${repo}`,
      { schema: IssueAnswer, params: { owner, repo, number }, signal },
    );
    return toIssue(data);
  }

  /**
   * Creates an issue. It is sent again only when GitHub has certainly not begun.
   * @returns the issue; labels and assignees that the token may not set are not on it
   */
  async createIssue(
    { owner, repo }: RepositoryName,
    draft: IssueDraft,
    signal: AbortSignal,
  ): Promise<Issue> {
    this.allowed.check({ owner, repo });
    const request = { schema: IssueAnswer, params: { owner, repo }, body: draft, signal };
    return await this.#explaining(`${owner}/${repo}`, async () => {
      try {
        const path = '/repos/{owner}/{repo}/issues';
        return toIssue(await this.api.post(path, { ...this.#common, ...request }));
      } catch (error) {
        throw maybeDone(error) ?? error;
      }
    });
  }

  /** @param what in the words for an error */
  #ask<T>(path: string, what: string, request: ApiRequest<T>): Promise<ApiResponse<T>> {
    return this.#explaining(what, () =>
      this.api.response('GET', path, { ...this.#common, ...request }),
    );
  }

  async #explaining<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw explained(error, what, this.credential !== undefined);
    }
  }

  get #common() {
    return { credential: this.credential, rateLimit: 'core' };
  }
}

function fileTooLarge(what: string, size: number): ToolError {
  const message = `${what} has ${size} bytes; this server reads files of up to ${MAX_FILE_BYTES}.`;
  return new ToolError('OUTPUT_TOO_LARGE', message);
}

/** The bytes of a file of up to 1 MB, which GitHub sends in base64 with line breaks; `undefined` for a larger one. */
function bytesOf({ encoding, content }: FileAnswer): Uint8Array | undefined {
  if (encoding !== 'base64' || content === undefined) return undefined;
  return Uint8Array.from(atob(content.replaceAll(/\s/g, '')), (one) => one.charCodeAt(0));
}

function toEntry({ type, name, size, download_url: download }: EntryAnswer): Entry {
  if (type === 'dir') return { name, type: 'directory', size };
  if (type === 'symlink') return { name, type: 'symlink', size };
  // In a list GitHub calls a submodule a file; only that it cannot be downloaded tells.
  return { name, type: type === 'submodule' || !download ? 'submodule' : 'file', size };
}

function toRepository(one: RepositoryAnswer): Repository {
  return {
    name: one.full_name,
    description: one.description === null ? null : visibleText(one.description),
    isPrivate: one.private,
    isFork: one.fork,
    isArchived: one.archived,
    language: one.language ?? null,
    defaultBranch: one.default_branch,
    pushedAt: one.pushed_at ?? null,
    url: one.html_url,
  };
}

function toMatch({
  repository,
  path,
  html_url: url,
  text_matches: found = [],
}: MatchAnswer): Match {
  return {
    repository: repository.full_name,
    path,
    url,
    fragments: found.map((one) => one.fragment),
  };
}

function toIssue(one: IssueAnswer): Issue {
  return {
    number: one.number,
    title: visibleText(one.title),
    state: one.state,
    author: one.user?.login ?? null,
    association: one.author_association ?? null,
    labels: one.labels.flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
    assignees: (one.assignees ?? []).map(({ login }) => login),
    comments: one.comments ?? 0,
    createdAt: one.created_at,
    updatedAt: one.updated_at,
    url: one.html_url,
    body: visibleText(one.body ?? ''),
  };
}

function toListed(one: IssueAnswer): Issue {
  const issue = toIssue(one);
  return { ...issue, body: excerpt(issue.body, MAX_LISTED_BODY).text };
}
