/** A server with the settings of its deploy targets, attacked through their proxies and read by a real Prometheus. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { Plan } from '../../src/model.js';
import { temporaryFolder } from '../support/cli.js';
import { type DeployTarget, deployEnv } from '../support/deploy-env.js';
import { KEYS, modern, send } from '../support/hostile-project.js';
import { leftOut } from '../support/left-out.js';
import { planProject, textOf } from '../support/projects.js';
import { findPromtool } from '../support/promtool.js';
import { parseFly } from '../support/schemas/fly.js';
import { parseManifests } from '../support/schemas/kubernetes.js';
import { builtProject, freePort, startHttp, stop } from '../support/server.js';

const CHOICES = {
  transport: ['http'],
  auth: 'api-key',
  datastore: 'none',
  starter: 'minimal',
  observability: ['prometheus'],
  deploy: ['docker', 'fly', 'k8s'],
};
const LIST = modern('tools/list');

let project: string;
let plan: Plan;
beforeAll(async () => {
  project = await builtProject(CHOICES);
  ({ plan } = await planProject({ name: 'hostile', choices: CHOICES }));
});

async function start(target: DeployTarget, env: Readonly<Record<string, string>> = {}) {
  const server = await startHttp(project, {
    ...deployEnv(plan, target),
    MCP_API_KEYS: `alice:${KEYS.alice},bob:${KEYS.bob}`,
    PORT: String(await freePort()),
    METRICS_PORT: String(await freePort()),
    ...env,
  });
  onTestFinished(async () => void (await stop(server)));
  return server;
}

describe('behind the proxy of its target', () => {
  /** What the target's proxy adds for a client, whatever the client has written itself. */
  const forwarded = {
    k8s: (client: string) => client,
    fly: (client: string) => `${client}, 66.241.0.1`,
  };

  it.each(['k8s', 'fly'] as const)(
    'of %s, a stranger does not lock out the others',
    async (target) => {
      const { port } = await start(target, { RATE_LIMIT_PER_MINUTE: '20' });
      const as = async (client: string, key: string, invented = '') => {
        const address = invented + forwarded[target](client);
        const headers = { ...LIST.headers, 'x-api-key': key, 'x-forwarded-for': address };
        return (await send(port, { ...LIST, headers })).status;
      };
      for (let guess = 0; guess < 25; guess += 1) {
        // Another invented address each time does not help.
        await as('203.0.113.66', `wrong-${guess}`, `198.51.100.${guess}, `);
      }
      expect(await as('203.0.113.66', 'wrong')).toBe(429);
      expect(await as('203.0.113.7', KEYS.bob)).toBe(200);
    },
  );

  it.each([
    ['warns', {}, true],
    ['is told how many', { TRUST_PROXY: '1' }, false],
    ['is told that there is none', { TRUST_PROXY: '0' }, false],
  ])('that no file names, the start %s', async (_, settings, warns) => {
    const env = {
      MCP_API_KEYS: `alice:${KEYS.alice}`,
      PUBLIC_URL: 'https://mcp.test',
      ...settings,
    };
    const server = await startHttp(project, env);
    onTestFinished(async () => void (await stop(server)));
    await expect.poll(server.stderr).toContain('MCP at /mcp');
    expect(server.stderr().includes('TRUST_PROXY is not set')).toBe(warns);
  });
});

/** An address of this machine that is not loopback: containers and clusters are read from elsewhere. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('Prometheus reads the metrics', () => {
  /** As Docker publishes a port: who is inside sees an address of the network, not loopback. */
  async function publish(port: number): Promise<number> {
    const forwarder: Server = createServer((socket) => {
      const inner = connect({ port, host: elsewhere, localAddress: elsewhere });
      socket.pipe(inner).pipe(socket);
      for (const one of [socket, inner]) one.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void forwarder.close());
    return (forwarder.address() as { port: number }).port;
  }

  /** What Prometheus is told by the target's files; `port` is where the server has what they call `METRICS_PORT`. */
  const configs: Record<DeployTarget, (port: number) => Promise<string>> = {
    async docker(port) {
      const config = textOf(plan, 'monitoring/prometheus.yml');
      const [, published = ''] = /"127\.0\.0\.1:(\d+)"/.exec(config) ?? [];
      const inside = deployEnv(plan, 'docker')['METRICS_PORT'];
      expect(textOf(plan, 'compose.yaml')).toContain(`"127.0.0.1:${published}:${inside}"`);
      return config.replace(`:${published}"`, `:${await publish(port)}"`).replaceAll('15s', '1s');
    },
    async fly(port) {
      const { metrics = [], env } = parseFly(textOf(plan, 'fly.toml'));
      expect(String(metrics[0]?.port)).toBe(env['METRICS_PORT']);
      return scrape(port, metrics[0]?.path);
    },
    async k8s(port) {
      const [deployment] = parseManifests(textOf(plan, 'deploy/k8s/base/deployment.yaml'));
      const { annotations } = (deployment as unknown as Deployment).spec.template.metadata;
      expect(annotations['prometheus.io/scrape']).toBe('true');
      expect(annotations['prometheus.io/port']).toBe(deployEnv(plan, 'k8s')['METRICS_PORT']);
      return scrape(port, annotations['prometheus.io/path']);
    },
  };

  function scrape(port: number, path = '/metrics'): string {
    const targets = [`${elsewhere}:${port}`];
    const job = { job_name: 'hostile', metrics_path: path, static_configs: [{ targets }] };
    return stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] });
  }

  it.each(['docker', 'fly', 'k8s'] as const)('with the settings of %s', async (target) => {
    const tools = await findPromtool();
    if ('missing' in tools) return leftOut(`scraping under ${target}`, tools.missing);
    if (elsewhere === undefined) return leftOut(`scraping under ${target}`, 'no network');
    const metricsPort = await freePort();
    const { port } = await start(target, { METRICS_PORT: String(metricsPort) });
    expect((await send(port, LIST)).status).toBe(200);
    const health = await scrapeOnce(tools.prometheus, await configs[target](metricsPort));
    expect(health).toMatchObject({ health: 'up', labels: { job: 'hostile' } });
  });
});

interface Deployment {
  readonly spec: {
    readonly template: { readonly metadata: { readonly annotations: Record<string, string> } };
  };
}

/** What Prometheus says of its one target after the first look. */
async function scrapeOnce(program: string, config: string): Promise<unknown> {
  const folder = temporaryFolder('prometheus-');
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'prometheus.yml'), config);
  await writeFile(join(folder, 'alerts.yml'), textOf(plan, 'monitoring/alerts.yml'));
  const port = await freePort();
  // Debian's Prometheus keeps its data in /var/lib by default, where it would find that of earlier runs.
  const args = [
    ...['--config.file=prometheus.yml', '--storage.tsdb.path=data'],
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus: ChildProcess = spawn(program, args, { cwd: folder, stdio: 'ignore' });
  // Its folder goes away afterwards.
  onTestFinished(async () => {
    if (prometheus.kill()) await once(prometheus, 'exit');
  });
  const look = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/targets`).catch(() => undefined);
    const { data } = ((await response?.json()) ?? {}) as { data?: { activeTargets: unknown[] } };
    return data?.activeTargets[0];
  };
  await expect
    .poll(look, { timeout: 20_000 })
    .toMatchObject({ health: expect.not.stringMatching('unknown') });
  return await look();
}
