/**
 * The official conformance suite against generated servers: the fixtures are files in `src/tools/` and so on like any others, built
 * with the project's own wiring.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SpecInput } from '../../src/model.js';
import { cleanEnv } from '../support/cli.js';
import { cachedPackage } from '../support/install-cache.js';
import { leftOut } from '../support/left-out.js';
import { nodeFolder, whyNoOtherNodes } from '../support/node-versions.js';
import { PrivateRedis } from '../support/redis.js';
import { RoundRobin } from '../support/round-robin.js';
import { builtProject, freePort, startHttp, stop } from '../support/server.js';

const SUITE = '@modelcontextprotocol/conformance@0.2.0-alpha.12';
const RUN_LIMIT_MS = 150_000;

/** Scenarios that a server is not held to, each with the reason. */
const WITHOUT_SESSIONS: Readonly<Record<string, string>> = {
  'tools-call-sampling': 'a stateless server has no channel to a client of 2025',
  'tools-call-elicitation': 'a stateless server has no channel to a client of 2025',
  'elicitation-sep1034-defaults': 'a stateless server has no channel to a client of 2025',
  'elicitation-sep1330-enums': 'a stateless server has no channel to a client of 2025',
  'resources-subscribe': 'a stateless server has no channel to a client of 2025',
  'resources-unsubscribe': 'a stateless server has no channel to a client of 2025',
};

interface Run {
  readonly revision: string;
  readonly transport: readonly string[];
  /** How many replicas there are, behind a balancer that knows nothing of sessions. */
  readonly replicas: number;
  readonly excused: Readonly<Record<string, string>>;
}

const RUNS: readonly Run[] = [
  { revision: '2026-07-28', transport: ['http'], replicas: 1, excused: {} },
  { revision: '2026-07-28', transport: ['http', 'sessions'], replicas: 1, excused: {} },
  { revision: '2025-11-25', transport: ['http', 'sessions'], replicas: 1, excused: {} },
  { revision: '2025-11-25', transport: ['http', 'sessions'], replicas: 3, excused: {} },
  { revision: '2025-11-25', transport: ['http'], replicas: 1, excused: WITHOUT_SESSIONS },
];

const cannotRun = whyNoOtherNodes();
if (cannotRun) leftOut('conformance suite', cannotRun);

describe.skipIf(cannotRun !== null)('the official conformance suite', () => {
  let node: string;
  let suite: string;
  beforeAll(async () => {
    node = join(await nodeFolder('22'), 'node');
    suite = join(await cachedPackage(SUITE), '@modelcontextprotocol/conformance/dist/index.js');
  });

  it.each(RUNS)('$revision over $transport, replicas: $replicas', async (run) => {
    const { revision, transport, replicas, excused } = run;
    const { url, stderr, end } = replicas === 1 ? await alone(transport) : await together(run);
    const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-conformance-'));
    try {
      const args = [suite, 'server', '--url', url, '--requirements', revision];
      const { all } = await execa(node, args, {
        cwd: folder,
        env: cleanEnv(),
        extendEnv: false,
        all: true,
        reject: false,
        timeout: RUN_LIMIT_MS,
      });
      const { scored, others } = resultsIn(all);
      expect(Object.keys(scored).sort(), all).toEqual(await requiredBy(suite, revision));

      const failing = Object.keys(scored).filter((name) => !scored[name]);
      expect(failing.sort(), all).toEqual(Object.keys(excused).sort());
      const label = `conformance ${revision} over ${transport.join('+')} (${replicas})`;
      for (const name of failing) leftOut(`${label}: ${name}`, excused[name] ?? '');
      const missing = Object.keys(others).filter((name) => !others[name]);
      if (missing.length > 0) {
        leftOut(`${label}: ${missing.join(', ')}`, 'extensions or pending, not required');
      }
      expect(stderr()).not.toMatch(/Warning|"level":(50|60)/);
    } finally {
      await end();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** What the suite talks to. */
interface Served {
  readonly url: string;
  stderr(): string;
  end(): Promise<void>;
}

/** One server. */
async function alone(transport: readonly string[]): Promise<Served> {
  const project = await conformanceProject({ transport, auth: 'none', starter: 'minimal' });
  const port = String(await freePort());
  const server = await startHttp(project, { PORT: port, ...settings(port) });
  return { url: server.url, stderr: server.stderr, end: async () => void (await stop(server)) };
}

/** Several that share a Redis: each request goes to the next one. */
async function together({ transport, replicas }: Run): Promise<Served> {
  const choices = { transport, auth: 'none', starter: 'minimal', state: 'redis' };
  const project = await conformanceProject(choices);
  const redis = await PrivateRedis.start();
  const ports = await Promise.all(Array.from({ length: replicas }, () => freePort()));
  const balancer = await RoundRobin.start(ports);
  const env = { ...settings(new URL(balancer.url).port), REDIS_URL: redis.url };
  const servers = await Promise.all(
    ports.map((port) => startHttp(project, { ...env, PORT: String(port) })),
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    url: balancer.url,
    stderr: () => servers.map(({ stderr }) => stderr()).join(''),
    async end() {
      expect(balancer.requests.size).toBe(replicas);
      balancer.close();
      await Promise.all(servers.map(stop));
      await redis.kill();
    },
  };
}

/** The suite sends the server's own address as Origin, which stands for a web page that is allowed to call it. */
function settings(port: string): Record<string, string> {
  return { ALLOWED_ORIGINS: `http://127.0.0.1:${port}`, RATE_LIMIT_PER_MINUTE: '100000' };
}

/** A project with the suite's fixtures added as a user would add tools. */
async function conformanceProject(choices: SpecInput['choices']): Promise<string> {
  const kinds = ['tools', 'resources', 'prompts'];
  const fixtures = await Promise.all(
    kinds.map(async (kind) => {
      const file = fileURLToPath(new URL(`./fixtures/${kind}.ts`, import.meta.url));
      return { kind, text: await readFile(file, 'utf8') };
    }),
  );
  return await builtProject(choices, (files) => {
    for (const { kind, text } of fixtures) {
      const barrel = `src/${kind}/index.ts`;
      files.set(`src/${kind}/conformance.ts`, text);
      files.set(barrel, `${files.get(barrel)}export * from './conformance.js';\n`);
    }
  });
}

type Outcomes = Record<string, boolean>;

/** Which scenarios passed: those that count, and the others. */
function resultsIn(output: string): { scored: Outcomes; others: Outcomes } {
  const [, summary = '', unscored = ''] = output.split(/=== SUMMARY ===|^Not scored/m);
  const others = outcomes(unscored, /^ {2}([✓✗]) (\S+) \(/gm);
  const all = outcomes(summary, /^([✓✗]) (\S+): \d+ passed/gm);
  const scored = Object.fromEntries(Object.entries(all).filter(([name]) => !(name in others)));
  return { scored, others };
}

function outcomes(text: string, line: RegExp): Outcomes {
  return Object.fromEntries([...text.matchAll(line)].map(([, mark, name]) => [name, mark === '✓']));
}

/** What the suite itself says that a server of a revision has to pass. */
async function requiredBy(suite: string, revision: string): Promise<string[]> {
  const text = await readFile(resolve(suite, `../../requirements/${revision}.yaml`), 'utf8');
  const [, server = ''] = /^server:\n((?: {2}- .+\n)+)/m.exec(text) ?? [];
  return [...server.matchAll(/^ {2}- (.+)$/gm)].map(([, name = '']) => name).sort();
}
