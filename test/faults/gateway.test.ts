/** A gateway in front of three generated servers, which are killed, frozen and started again while real clients are at work. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { faultsProject, NO_LIMITS, startUnlimited } from '../support/faults-project.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

let project: string;
let gatewayProject: string;
beforeAll(async () => {
  project = await faultsProject();
  gatewayProject = await builtProject({ starter: 'gateway', transport: ['http'], auth: 'none' });
}, 240_000);

/** What an upstream that is gone may lead to; everything else is a failure of the gateway. */
const BOUNDED = ['ok', 'UPSTREAM_UNAVAILABLE', 'TIMEOUT'];
const QUICK = 'timeoutMs: 10000, probeEveryMs: 500, probeTimeoutMs: 1500';

async function startGateway(urls: readonly string[]): Promise<RunningHttp> {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-gateway-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'gateway.yaml');
  const script = join(project, 'dist/stdio.js');
  await writeFile(
    path,
    `upstreams:
  local: { command: ${process.execPath}, args: [${script}], ${QUICK} }
  remote: { instances: [${urls.join(', ')}], ${QUICK} }
`,
  );
  const gateway = await startHttp(gatewayProject, { GATEWAY_PATH: path, ...NO_LIMITS });
  onTestFinished(async () => void (await stop(gateway)));
  return gateway;
}

/** Clients of both versions that call both upstreams again and again. */
async function startClients(url: string) {
  let counts: Record<string, number> = {};
  let over = false;
  const clients = Array.from({ length: 6 }, async (_, number) => {
    const mode = number % 2 === 0 ? 'legacy' : { pin: '2026-07-28' };
    const client = new Client({ name: 'load', version: '1.0.0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    for (let call = 0; !over; call += 1) {
      const upstream = (number + call) % 3 === 0 ? 'local' : 'remote';
      const value = `${number}/${call}`;
      const outcome = await client
        .callTool({ name: `${upstream}_echo`, arguments: { value, ms: 5 } })
        .then((result) => {
          const { error } = (result._meta ?? {}) as { error?: { code: string } };
          if (result.isError) return error?.code ?? 'no code';
          const { value: answered } = result.structuredContent as { value: string };
          return answered === value ? 'ok' : `${answered} instead of ${value}`;
        }, String);
      counts[`${upstream} ${outcome}`] = (counts[`${upstream} ${outcome}`] ?? 0) + 1;
      await sleep(10);
    }
    await client.close();
  });
  onTestFinished(async () => {
    over = true;
    await Promise.all(clients);
  });
  const look = () => {
    const seen = counts;
    counts = {};
    return seen;
  };
  return {
    look,
    /** Waits until all calls of both upstreams go well. */
    async becomeFine() {
      const outcomes = async () => {
        look();
        await sleep(500);
        return Object.keys(look()).sort();
      };
      await expect.poll(outcomes, { timeout: 40_000 }).toEqual(['local ok', 'remote ok']);
    },
  };
}

/** The process that the gateway has started. */
function childOf({ child }: RunningHttp): number {
  return Number(execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim());
}

const bounded = (seen: Record<string, number>) =>
  Object.keys(seen).filter((outcome) => !BOUNDED.includes(outcome.replace(/^\w+ /, '')));

test('no answer is wrong, errors say what has happened, and all is well again by itself', async () => {
  const replicas = [await startUnlimited(project), await startUnlimited(project)];
  onTestFinished(async () => void (await Promise.all(replicas.map(stop))));
  const gateway = await startGateway(replicas.map(({ url }) => url));
  const clients = await startClients(gateway.url);
  await clients.becomeFine();
  const [first] = replicas;
  if (first === undefined) throw new Error('unreachable');

  // A replica is killed: the other one takes all calls, and what was under way there, which only reads.
  clients.look();
  first.child.kill('SIGKILL');
  await first.ended;
  await sleep(1_500);
  const killed = clients.look();
  expect(bounded(killed)).toEqual([]);
  expect(killed['remote ok']).toBeGreaterThan(0);
  await clients.becomeFine();
  replicas[0] = await startUnlimited(project, { PORT: String(first.port) });
  await clients.becomeFine();

  // A replica freezes: what waits there is sent to the other one.
  const second = replicas[1];
  second?.child.kill('SIGSTOP');
  await sleep(2_000);
  expect(bounded(clients.look())).toEqual([]);
  await clients.becomeFine();
  second?.child.kill('SIGCONT');
  await clients.becomeFine();

  // The process behind the gateway freezes, and then is killed: it is started anew, and the other upstream goes on.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    const pid = childOf(gateway);
    process.kill(pid, signal);
    await sleep(1_500);
    const seen = clients.look();
    expect(bounded(seen)).toEqual([]);
    expect(Object.keys(seen).filter((outcome) => outcome.startsWith('remote'))).toEqual([
      'remote ok',
    ]);
    await clients.becomeFine();
    await expect.poll(() => childOf(gateway)).not.toBe(pid);
  }
  expect(gateway.stderr()).not.toMatch(/uncaughtException|unhandledRejection/);
}, 240_000);
