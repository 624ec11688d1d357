/** The audit log of a real server: a line for every call, whatever happens to the call or to the process. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { eras, KEYS, legacy, MARK, modern, send } from '../support/hostile-project.js';
import {
  limitsProject,
  newClient,
  outcome,
  startLimited,
  times,
} from '../support/limits-project.js';
import { modulesOf, type RunningHttp, startProcess, stop } from '../support/server.js';

interface Line {
  readonly type: string;
  readonly name: string;
  readonly outcome: string;
  readonly principal: string;
  readonly arguments?: unknown;
  readonly era: string;
  readonly correlationId: string;
}

const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line.includes('"type":"audit"'))
    .map((line) => JSON.parse(line));

let project: string;
let server: RunningHttp;
const client = newClient();
beforeAll(async () => {
  project = await limitsProject();
  server = await startLimited(project, { LOG_LEVEL: 'error', TOOL_TIMEOUT_MS: '300' }, client);
});
afterAll(() => stop(server));

/** The lines that `work` adds. */
async function during(work: () => Promise<unknown>): Promise<Line[]> {
  const before = server.stderr().length;
  await work();
  // Lines are written in their order, some time after the answers that they tell of: one of somebody else ends ours.
  const end = randomUUID();
  const headers = { 'x-api-key': KEYS.bob, 'x-request-id': end };
  await outcome(server.port, 'echo', {}, { headers });
  await expect.poll(server.stderr).toContain(end);
  return parse(server.stderr().slice(before)).filter((line) => line.correlationId !== end);
}

describe('on stderr', () => {
  it('each call has one line though LOG_LEVEL is error, with the id of its request', async () => {
    for (const [era, make] of eras) {
      const headers = { 'x-request-id': `id-${era}` };
      const lines = await during(() => outcome(server.port, 'echo', {}, { era: make, headers }));
      expect(lines).toEqual([
        expect.objectContaining({
          principal: client,
          kind: 'tool',
          name: 'echo',
          outcome: 'ok',
          arguments: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
          correlationId: `id-${era}`,
          era: make === legacy ? '2025' : '2026-07-28',
        }),
      ]);
    }
  });

  it('refused and failed calls have theirs', async () => {
    const lines = await during(async () => {
      await times(4, () => outcome(server.port, 'few'));
      await outcome(server.port, 'blob', { bytes: 2_000_000 });
      await outcome(server.port, 'wait', { ms: 60_000 });
      await outcome(server.port, 'far');
    });
    expect(lines.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
      'blob OUTPUT_TOO_LARGE',
      'far UPSTREAM_UNAVAILABLE',
      'few RATE_LIMITED',
      'few ok',
      'few ok',
      'few ok',
      'wait TIMEOUT',
    ]);
  });

  it('has a line for every call of a batch and for reads', async () => {
    const call = (id: number) => ({
      ...(legacy('tools/call', { name: 'echo', arguments: {} }, id).body as object),
    });
    const lines = await during(async () => {
      await send(server.port, { body: [call(1), call(2), call(3)] });
      await send(server.port, modern('resources/read', { uri: 'probe://wide' }));
    });
    expect(lines.map(({ name }) => name)).toEqual(['echo', 'echo', 'echo', 'wide']);
    expect(lines[3]).toMatchObject({ kind: 'resource', uri: 'probe://wide' });
  });

  it('a refused call is not taken for one of the same name that runs', async () => {
    const call = (id: number, ms: unknown) =>
      legacy('tools/call', { name: 'wait', arguments: { ms } }, id).body;
    const lines = await during(async () => {
      await send(server.port, { body: [call(1, 'no number'), call(2, 1)] });
      await outcome(server.port, 'wait', { ms: 1 });
    });
    const [ran] = lines.filter(({ outcome }) => outcome === 'ok').slice(-1);
    expect(lines.map(({ outcome }) => outcome).sort()).toEqual(['REFUSED', 'ok', 'ok']);
    const [refused] = lines.filter(({ outcome }) => outcome === 'REFUSED');
    expect(refused?.arguments).not.toBe(ran?.arguments);
  });

  it.each(eras)('a completion is one, and covers no call: %s', async (_, make) => {
    const ref = { type: 'ref/resource', uri: 'time://zones/{+zone}' };
    const lines = await during(() =>
      send(
        server.port,
        make('completion/complete', { ref, argument: { name: 'zone', value: 'Eur' } }),
      ),
    );
    expect(lines).toMatchObject([{ kind: 'completion', outcome: 'ok' }]);
    const { body } = await send(server.port, { method: 'GET', target: '/metrics', body: '' });
    expect(body).toContain('mcp_method_name="completion/complete"');
  });

  it('a long address that is read has one line', async () => {
    const uri = `time://zones/${'x'.repeat(3_000)}`;
    const lines = await during(() => send(server.port, modern('resources/read', { uri })));
    expect(lines.map(({ outcome }) => outcome)).toEqual(['NOT_FOUND']);
  });

  it('long addresses take no line of a batch', async () => {
    const read = (id: number) =>
      legacy('resources/read', { uri: `probe://${id}${'a://'.repeat(40_000)}` }, id).body;
    const lines = await during(() => send(server.port, { body: [1, 2, 3, 4, 5].map(read) }));
    expect(lines).toHaveLength(5);
    expect(JSON.stringify(lines).length).toBeLessThan(10_000);
  });

  it('has no key and no argument', () => {
    expect(server.stderr()).not.toContain(MARK);
    expect(server.stderr()).not.toContain(KEYS.alice);
  });
});

describe('in a file', () => {
  it('loses no line when the process is told to end', async () => {
    const path = join(temporaryFolder('audit-'), 'audit.jsonl');
    const own = newClient();
    const other = await startLimited(project, { AUDIT_LOG_PATH: path }, own);
    const answers = times(40, () => outcome(other.port, 'wait', { ms: 1_000 }));
    const started = () => other.stderr().match(/work started/g)?.length;
    await expect.poll(started, { timeout: 5_000 }).toBe(40);
    await stop(other);
    expect(new Set(await answers)).toEqual(new Set(['ok']));
    expect(parse(readFileSync(path, 'utf8'))).toHaveLength(40);
    expect(other.stderr()).not.toContain('"type":"audit"');
  });

  it('the end has a line for each call that it aborts', async () => {
    const path = join(temporaryFolder('audit-'), 'audit.jsonl');
    const env = { AUDIT_LOG_PATH: path, SHUTDOWN_TIMEOUT_MS: '300' };
    const other = await startLimited(project, env, newClient());
    const answers = eras.map(([, era]) =>
      times(10, () => outcome(other.port, 'wait', { ms: 25_000 }, { era })),
    );
    const started = () => other.stderr().match(/work started/g)?.length;
    await expect.poll(started, { timeout: 5_000 }).toBe(20);
    expect(await stop(other)).toBe(1);
    const outcomes = (await Promise.all(answers)).flat();
    expect(outcomes).toEqual(Array.from({ length: 20 }, () => 'ABORTED'));
    const lines = parse(readFileSync(path, 'utf8'));
    expect(lines.map((line) => line.outcome)).toEqual(outcomes);
  });
});

describe('when the process ends by itself', () => {
  const script = `
    const { openAuditLog } = await import(process.argv[1] + '/kit/telemetry/audit.js');
    const { createLogger } = await import(process.argv[1] + '/kit/telemetry/logger.js');
    const { nodeHost } = await import(process.argv[1] + '/kit/host/node/host.js');
    const log = createLogger(nodeHost, 'info', 'hostile');
    const config = { LOG_LEVEL: 'info', AUDIT_ARGUMENTS: 'hash' };
    const audit = openAuditLog(config, 'hostile', log, nodeHost);
    const call = { kind: 'tool', name: 'probe' };
    for (let i = 0; i < 1000; i += 1) {
      audit.ended({ call, principal: { id: 'x', scopes: [] }, outcome: 'ok', ms: i, correlationId: String(i), era: '2025' });
      if (i % 100 === 0) log.info('in between');
    }
    END
  `;
  it.each([
    ['with process.exit', 'process.exit(3);', 3],
    ['with an error that nobody catches', "throw new Error('lost');", 1],
    ['with a rejection that nobody catches', "void Promise.reject(new Error('lost')); await 1;", 1],
    ['at the end of its program', '', 0],
  ])('%s, no line is lost and their order stays', async (_, end, code) => {
    const args = [
      '--input-type=module',
      '--eval',
      script.replace('END', end),
      await modulesOf(project),
    ];
    const child = spawn(process.execPath, args);
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const [exit] = await once(child, 'close');
    expect(exit).toBe(code);
    expect(parse(text).map(({ correlationId }) => Number(correlationId))).toEqual(
      Array.from({ length: 1000 }, (_, index) => index),
    );
    expect(text.match(/in between/g)).toHaveLength(10);
  });
});

it('a file that is a symbolic link stops the start, and one that others can write is named', async () => {
  const folder = temporaryFolder('audit-');
  const [path, link] = [join(folder, 'audit.jsonl'), join(folder, 'link')];
  writeFileSync(path, '');
  chmodSync(path, 0o666);
  symlinkSync(path, link);
  const env = { MCP_API_KEYS: `a:${KEYS.alice}`, PORT: '0' };
  const linked = startProcess(project, 'http.js', { ...env, AUDIT_LOG_PATH: link });
  expect(await linked.ended).toBe(1);
  expect(linked.stderr()).toContain(`AUDIT_LOG_PATH: ${link} is a symbolic link`);
  const open = await startLimited(project, { AUDIT_LOG_PATH: path });
  await expect.poll(open.stderr).toContain('others can write to the audit log');
  await stop(open);
});

it('a file that cannot be opened is said at the start', async () => {
  const started = startProcess(project, 'http.js', {
    MCP_API_KEYS: `a:${KEYS.alice}`,
    AUDIT_LOG_PATH: '/nowhere/audit.jsonl',
    PORT: '0',
  });
  expect(await started.ended).toBe(1);
  expect(started.stderr()).toContain('AUDIT_LOG_PATH: /nowhere/audit.jsonl cannot be opened');
});
