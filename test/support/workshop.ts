/** A folder outside of any repository, and commands that run in it the way a person would type them. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../src/process/run.js';
import { cleanEnv } from './cli.js';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

export interface CommandOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export class Workshop {
  readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'create-mcp-server-matrix-')));
  readonly #env: NodeJS.ProcessEnv;

  /** `folders` come first on the PATH; `env` is added to the environment of a plain shell. */
  constructor(folders: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { PATH = '' } = process.env;
    const search = [...folders, PATH].join(path.delimiter);
    this.#env = cleanEnv({ ...IDENTITY, ...env, PATH: search });
  }

  /** What the command printed on stdout. Rejects with everything it printed when it fails or takes too long. */
  async run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { cwd = this.folder, timeoutMs = 180_000 } = options;
    const lines: string[] = [];
    const result = await run(command, {
      cwd,
      env: this.#env,
      signal: new AbortController().signal,
      onLine: (line) => lines.push(line),
      timeoutMs,
    });
    if (result.outcome === 'ok') return result.stdout;
    const reason =
      result.outcome === 'timeout'
        ? `took longer than ${timeoutMs / 1000} s (is the registry slow or out of reach?)`
        : `failed with exit code ${result.exitCode ?? result.outcome}`;
    throw new Error(`${command.join(' ')}\n  in ${cwd} ${reason}:\n\n${lines.join('\n')}`);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
