/** What a project has for Prometheus and Grafana, held against a real server and a real Prometheus. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import type { SpecInput } from '../../src/model.js';
import { temporaryFolder } from '../support/cli.js';
import { modern, send } from '../support/hostile-project.js';
import { leftOut } from '../support/left-out.js';
import {
  limitsProject,
  newClient,
  outcome,
  startLimited,
  times,
} from '../support/limits-project.js';
import { planProject } from '../support/projects.js';
import { findPromtool } from '../support/promtool.js';
import { freePort, type RunningHttp, stop } from '../support/server.js';

interface Rules {
  readonly groups: { readonly rules: { readonly alert: string; expr: string }[] }[];
}
interface Dashboard {
  readonly panels: { readonly title: string; readonly targets: { readonly expr: string }[] }[];
}

let project: string;
/** The files of a project with the alerts that the other one has no use for. */
let larger: string;
let tools: Awaited<ReturnType<typeof findPromtool>>;
beforeAll(async () => {
  project = await limitsProject({
    starter: 'notes',
    datastore: 'sqlite',
    observability: ['prometheus'],
    // What Compose and the others publish is in deploy-targets.test.ts.
    deploy: ['none'],
  });
  larger = await rendered({
    transport: ['http'],
    auth: 'jwt',
    datastore: 'postgres',
    state: 'redis',
    observability: ['prometheus'],
  });
  tools = await findPromtool();
});

async function rendered(choices: NonNullable<SpecInput['choices']>): Promise<string> {
  const folder = temporaryFolder('monitoring-');
  await mkdir(join(folder, 'monitoring'));
  const { plan } = await planProject({ name: 'larger', choices });
  for (const [path, { contents }] of plan) {
    if (path.startsWith('monitoring/')) await writeFile(join(folder, path), contents);
  }
  return folder;
}

const read = (file: string, folder = project) => readFile(join(folder, file), 'utf8');
const alertsOf = ({ groups }: Rules) => groups.flatMap(({ rules }) => rules);

/** Runs promtool in a folder; gives its exit code, or `undefined` where there is none. */
async function promtool(args: readonly string[], cwd: string) {
  if ('missing' in tools) {
    leftOut(`promtool ${args.slice(0, 2).join(' ')}`, tools.missing);
    return undefined;
  }
  return await execa(tools.path, args, { cwd, reject: false, all: true });
}

describe.each([
  ['of a small project', () => project, 8],
  ['of a larger one', () => larger, 10],
] as const)('the alert rules %s', (_, folderOf, count) => {
  it('are valid, and so is the configuration that reads them', async () => {
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['check', 'config', 'prometheus.yml'],
    ]) {
      const checked = await promtool(args, join(folderOf(), 'monitoring'));
      expect(checked?.exitCode ?? 0, checked?.all).toBe(0);
    }
  });

  it('pass their tests', async () => {
    const tested = await promtool(
      ['test', 'rules', 'alerts.test.yml'],
      join(folderOf(), 'monitoring'),
    );
    expect(tested?.exitCode ?? 0, tested?.all).toBe(0);
  });

  it('each have a test that fails without them, or when they are too strict', async () => {
    if ('missing' in tools) return leftOut('the tests of alert rules', tools.missing);
    const rules = parse(await read('monitoring/alerts.yml', folderOf())) as Rules;
    expect(alertsOf(rules)).toHaveLength(count);
    for (const { alert } of alertsOf(rules)) {
      const folder = temporaryFolder('alerts-');
      await cp(join(folderOf(), 'monitoring'), folder, { recursive: true });
      const changed = structuredClone(rules);
      for (const rule of alertsOf(changed)) if (rule.alert === alert) rule.expr = 'vector(0) > 1';
      await writeFile(join(folder, 'alerts.yml'), stringify(changed));
      const tested = await promtool(['test', 'rules', 'alerts.test.yml'], folder);
      expect(tested?.exitCode, `without ${alert}`).not.toBe(0);
    }
  }, 90_000);
});

it('alerts each have their section in the runbook, with its six steps', async () => {
  const runbook = await read('docs/runbook.md');
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((text): [string, string] => [text.split('\n')[0] ?? '', text]),
  );
  const rules = parse(await read('monitoring/alerts.yml')) as Rules;
  expect([...sections.keys()].sort()).toEqual(
    alertsOf(rules)
      .map(({ alert }) => alert)
      .sort(),
  );
  for (const [alert, text] of sections) {
    const steps = [...text.matchAll(/^- \*\*(\w+)\*\*:/gm)].map(([, step]) => step);
    expect(steps, alert).toEqual([
      'Detect',
      'Alert',
      'Investigate',
      'Mitigate',
      'Resolve',
      'Learn',
    ]);
  }
});

describe('with a real Prometheus that reads a real server', () => {
  let server: RunningHttp;
  let prometheus: ChildProcess | undefined;
  let url: string;

  beforeAll(async () => {
    if ('missing' in tools) return;
    const folder = temporaryFolder('prometheus-');
    const policy = join(folder, 'policy.yaml');
    await cp(join(project, 'policy.yaml'), policy);
    const DATABASE_URL = `file:${join(folder, 'notes.db')}`;
    const env = { POLICY_PATH: policy, MAX_CONCURRENT_CALLS: '3', DATABASE_URL };
    server = await startLimited(project, env, newClient());

    const config = (await read('monitoring/prometheus.yml'))
      .replace('127.0.0.1:3000', `127.0.0.1:${server.port}`)
      .replaceAll('15s', '1s')
      .replace('- alerts.yml', `- ${join(project, 'monitoring/alerts.yml')}`);
    await writeFile(join(folder, 'prometheus.yml'), config);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    // Debian's Prometheus keeps its data in /var/lib by default, where it would find that of earlier runs.
    const args = [
      ...['--config.file=prometheus.yml', '--storage.tsdb.path=data'],
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = spawn(tools.prometheus, args, { cwd: folder, stdio: 'ignore' });
    // A series counts from its second sample on, so everything has to happen before and after the first.
    await traffic(policy, 'roles: [');
    await sampled();
    await traffic(policy, 'roles: {{');
    await sampled();
  }, 90_000);
  afterAll(async () => {
    await Promise.all([prometheus && ended(prometheus), stop(server)]);
  });

  /** Ends it, and waits: its folder goes away next. */
  async function ended(child: ChildProcess): Promise<void> {
    if (child.kill()) await once(child, 'exit');
  }

  /** Everything that the alerts and the dashboard tell of, once. */
  async function traffic(policy: string, broken: string): Promise<void> {
    await outcome(server.port, 'echo');
    await outcome(server.port, 'far');
    await times(6, () => outcome(server.port, 'wait', { ms: 300 }));
    await times(5, () => outcome(server.port, 'few'));
    await send(server.port, modern('resources/read', { uri: 'probe://wide' }));
    await send(server.port, { headers: { 'x-api-key': 'wrong' } });
    await writeFile(policy, broken);
  }

  interface Series {
    readonly value: readonly [time: number, value: string];
  }

  async function query(expr: string): Promise<Series[]> {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const { status, error, data } = (await response.json()) as {
      status: string;
      error?: string;
      data?: { result: Series[] };
    };
    expect(status, `${expr}: ${error}`).toBe('success');
    return data?.result ?? [];
  }

  /** Waits until Prometheus has read the server twice more: one reading may be under way already. */
  async function sampled(): Promise<void> {
    const samples = async () => {
      const [up] = await query('count_over_time(up[1h])').catch(() => []);
      return Number(up?.value[1] ?? 0);
    };
    const before = await samples();
    await vi.waitUntil(async () => (await samples()) >= before + 2, within);
  }

  /** What Prometheus reads arrives every second; what it derives, some time after that. */
  const within = { timeout: 30_000, interval: 200 };
  const finds = (expr: string, what: string) =>
    expect.poll(() => query(expr), { ...within, message: `${what}: ${expr}` }).not.toEqual([]);

  it('every query of the dashboard finds something', async () => {
    if (prometheus === undefined) return leftOut('the queries of the dashboard', 'no Prometheus');
    const { panels } = JSON.parse(await read('monitoring/dashboard.json')) as Dashboard;
    expect(panels.length).toBeGreaterThan(12);
    for (const { title, targets } of panels) {
      for (const { expr } of targets) await finds(expr, title);
    }
  }, 90_000);

  it('every series that an alert looks at is there', async () => {
    if (prometheus === undefined) return leftOut('the series of the alerts', 'no Prometheus');
    const rules = parse(await read('monitoring/alerts.yml')) as Rules;
    for (const { alert, expr } of alertsOf(rules)) {
      const selectors = expr.match(/\w+\{[^}]*\}/g) ?? [];
      expect(selectors, alert).not.toEqual([]);
      for (const selector of selectors) await finds(selector, alert);
    }
  }, 90_000);

  it('its alerts are loaded, and the one that should fires', async () => {
    if (prometheus === undefined) return leftOut('the alerts in Prometheus', 'no Prometheus');
    const alerts = async () => {
      const response = await fetch(`${url}/api/v1/alerts`);
      const { data } = (await response.json()) as {
        data: { alerts: { labels: { alertname: string }; state: string }[] };
      };
      return data.alerts.map(({ labels }) => labels.alertname);
    };
    await expect.poll(alerts, within).toContain('PolicyBroken');
    const known = await alerts();
    expect(known).not.toContain('TargetDown');
    expect(known).not.toContain('LogLinesLost');
  }, 60_000);
});
