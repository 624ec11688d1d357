import { createHash, createHmac } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CallEnd } from '../../src/calls/call.js';
import { ConfigError } from '../../src/definitions/settings.js';
import { stderr } from '../../src/host/node/host.js';
import { connect, eras, owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';
import { newFolder } from '../support/folder.js';

const newPath = () => join(newFolder('audit'), 'audit.jsonl');

async function openApp(env: Record<string, string> = {}) {
  const path = newPath();
  const app = await createTestApp({ AUDIT_LOG_PATH: path, ...env });
  const lines = async () => {
    await sleep(10);
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  return { app, path, lines };
}

const entry: CallEnd = {
  call: { kind: 'tool', name: 'probe', input: { b: 1, a: ['x'] } },
  principal: owner,
  outcome: 'ok',
  ms: 1.23456,
  correlationId: 'one',
  era: '2026-07-28',
};

test('a line says who did what and how it ended', async () => {
  const { app, path, lines } = await openApp();
  app.audit.ended(entry);
  const sha256 = createHash('sha256').update('{"a":["x"],"b":1}').digest('hex');
  expect(await lines()).toMatchObject([
    {
      type: 'audit',
      principal: 'owner',
      kind: 'tool',
      name: 'probe',
      arguments: `sha256:${sha256}`,
      outcome: 'ok',
      ms: 1.235,
      correlationId: 'one',
      era: '2026-07-28',
    },
  ]);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test.each(eras)('a call that fails has its line, too: %s', async (era) => {
  const { app, lines } = await openApp();
  const client = await connect(app, era);
  const { resources } = await client.listResources();
  const { tools } = await client.listTools();
  expect(resources.length + tools.length).toBeGreaterThan(0);
  const gone = { uri: 'nowhere://at/all' };
  await expect(client.readResource(gone)).rejects.toThrow();
  for (const { uri } of resources) await client.readResource({ uri });
  const audited = (await lines()).filter(({ uri }) => uri !== undefined);
  expect(audited.map(({ uri }) => uri)).toEqual(resources.map(({ uri }) => uri));
  for (const line of audited) expect(line.era).toBe(era === '2025-11-25' ? '2025' : era);
});

test('arguments can be shown without secrets, by a hash with a key, or not at all', async () => {
  const input = { query: 'tea', password: 'hunter2', note: 'Bearer hunter2' };
  const redacted = await openApp({ AUDIT_ARGUMENTS: 'redacted' });
  redacted.app.audit.ended({ ...entry, call: { ...entry.call, input } });
  expect((await redacted.lines())[0].arguments).toEqual({
    query: 'tea',
    password: '[redacted]',
    note: 'Bearer [redacted]',
  });
  const AUDIT_HASH_KEY = 'a key that is long enough for that';
  const keyed = await openApp({ AUDIT_HASH_KEY });
  keyed.app.audit.ended(entry);
  const hmac = createHmac('sha256', AUDIT_HASH_KEY).update('{"a":["x"],"b":1}').digest('hex');
  expect((await keyed.lines())[0].arguments).toBe(`hmac-sha256:${hmac}`);
  const none = await openApp({ AUDIT_ARGUMENTS: 'none' });
  none.app.audit.ended(entry);
  expect((await none.lines())[0]).not.toHaveProperty('arguments');
});

test('nothing that a caller sends begins a line of its own', async () => {
  const { app, path, lines } = await openApp();
  const forged = 'x\n{"type":"audit","principal":"owner"}\u2028\u202e';
  app.audit.ended({ ...entry, call: { ...entry.call, uri: forged }, correlationId: forged });
  expect(await lines()).toMatchObject([{ uri: forged, correlationId: forged }]);
  expect(readFileSync(path, 'utf8')).toMatch(/^[ -~]+\n$/);
});

test('long addresses take no line from others', async () => {
  const { app, lines } = await openApp();
  const call = { kind: 'resource', name: 'probe', uri: 'a://'.repeat(250_000) } as const;
  for (let count = 0; count < 10; count += 1) app.audit.ended({ ...entry, call });
  app.audit.ended({ ...entry, correlationId: 'last' });
  const written = await lines();
  expect(written).toHaveLength(11);
  expect(written[0].uri.length).toBeLessThan(2_000);
  expect(app.audit.lost).toBe(0);
});

test('a file that was moved away is followed by a new one', async () => {
  const { app, path, lines } = await openApp();
  app.audit.ended(entry);
  await lines();
  renameSync(path, `${path}.1`);
  await sleep(1_100);
  app.audit.ended({ ...entry, correlationId: 'two' });
  expect(await lines()).toMatchObject([{ correlationId: 'two' }]);
  expect(existsSync(`${path}.1`)).toBe(true);
});

test('a file that cannot be opened stops the start', async () => {
  const opened = createTestApp({ AUDIT_LOG_PATH: join(newPath(), 'no', 'such', 'folder') });
  await expect(opened).rejects.toThrow(ConfigError);
});

test.skipIf(process.platform === 'win32')(
  'a symbolic link stops the start, and a file that others can write is named',
  async () => {
    const [link, path] = [newPath(), newPath()];
    symlinkSync(path, link);
    await expect(createTestApp({ AUDIT_LOG_PATH: link })).rejects.toThrow('is a symbolic link');
    expect(existsSync(path)).toBe(false);

    writeFileSync(path, '');
    const write = vi.spyOn(stderr, 'write').mockImplementation(() => {});
    onTestFinished(() => write.mockRestore());
    for (const mode of [0o640, 0o666]) {
      chmodSync(path, mode);
      await createTestApp({ AUDIT_LOG_PATH: path, LOG_LEVEL: 'warn' });
    }
    const warnings = write.mock.calls.map(([line]) => JSON.parse(line));
    expect(warnings.filter(({ msg }) => /audit/.test(msg))).toMatchObject([{ path }]);
  },
);

test.skipIf(!existsSync('/dev/full'))('a full disk stops no call', async () => {
  const app = await createTestApp({ AUDIT_LOG_PATH: '/dev/full' });
  app.audit.ended(entry);
  app.audit.ended(entry);
  await sleep(10);
  expect(app.audit.lost).toBe(2);
});
