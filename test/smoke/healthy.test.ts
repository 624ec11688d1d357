import { expect, test } from 'vitest';
import type { StepResult } from '../../src/model.js';
import { feature } from '../support/feature.js';
import { HINTS, HTTP, KEY, leftInTmp, lines, notOk, STDIO, smoke } from './fixtures.js';

const ofEachEra = [
  'connect: ok',
  'list tools: ok (3)',
  'list resources: ok (0)',
  'list resource templates: ok (1)',
  'list prompts: ok (1)',
  'call create_note: ok (the result matches its output schema)',
  expect.stringMatching(/^read a resource: ok \(note:\/\/\/n\d\)$/),
  'get prompt summarise: ok',
  'bad argument to create_note: ok (isError, names title)',
];
const ofStdio = [
  ...ofEachEra,
  'exits when stdin closes: ok (exit code 0)',
  'only JSON-RPC on stdout: ok',
  'nothing left running: ok',
];

test('proves a healthy server over both transports in both eras', async () => {
  const seen: StepResult[] = [];
  const report = await smoke([STDIO, HTTP, KEY, HINTS], '', { onStep: (step) => seen.push(step) });

  const under = (title: string) =>
    lines(report.steps)
      .filter((line) => line.startsWith(`${title} · `))
      .map((line) => line.slice(title.length + 3));
  expect(under('stdio · 2025-11-25')).toEqual(ofStdio);
  expect(under('stdio · 2026-07-28')).toEqual(ofStdio);
  expect(under('http · 2025-11-25')).toEqual(ofEachEra);
  expect(under('http · 2026-07-28')).toEqual(ofEachEra);
  expect(under('http').filter((line) => !line.startsWith('20'))).toEqual([
    expect.stringMatching(/^start: ok \(127\.0\.0\.1:\d+\)$/),
    'healthz: ok (200)',
    'readyz: ok (200)',
    '401 without a key: ok (401, WWW-Authenticate)',
    '401 with a wrong key: ok (401)',
    'foreign Origin refused: ok (403)',
    'wrong Host refused: ok (403)',
    'clean exit on SIGTERM: ok (exit code 0)',
    'nothing left running: ok',
  ]);
  expect(report).toMatchObject({ ok: true, warnings: [] });
  expect(report.stderr).toBeUndefined();
  expect(seen).toEqual(report.steps);
});

test('finds its own calls when no hints are given', async () => {
  const report = await smoke([STDIO]);
  expect(lines(report.steps)).toContain(
    'stdio · 2026-07-28 · call search_notes: ok (the result matches its output schema)',
  );
  expect(lines(report.steps)).toContain(
    'stdio · 2025-11-25 · bad argument to search_notes: ok (isError, names limit)',
  );
  // Nothing was created, so nothing can be read: that is said, and is no failure.
  expect(notOk(report)).toEqual([
    'stdio · 2025-11-25 · read a resource: unproven (no resource is listed, and no template could be filled)',
    'stdio · 2026-07-28 · read a resource: unproven (no resource is listed, and no template could be filled)',
  ]);
  expect(report).toMatchObject({ ok: true, warnings: ['2 steps are not proven.'] });
});

test('does not use hints that the user has made obsolete', async () => {
  const hints = feature({
    smoke: {
      call: { tool: 'create_note', arguments: { name: 'an argument of an older version' } },
      badCall: { tool: 'delete_note', arguments: { id: 1 }, field: 'id' },
      resource: 'order:///1',
      prompt: { name: 'gone' },
    },
  });
  const report = await smoke([STDIO, hints]);
  expect(report.ok).toBe(true);
  expect(lines(report.steps)).toContain(
    'stdio · 2026-07-28 · call search_notes: ok (the result matches its output schema)',
  );
  expect(lines(report.steps)).toContain('stdio · 2026-07-28 · get prompt summarise: ok');
});

test('undoes its call where the store stays', async () => {
  const cleanup = { tool: 'delete_note', arguments: { id: '{id}' } };
  const hints = feature({ smoke: { ...HINTS.smoke, cleanup } });
  const report = await smoke([STDIO, hints]);
  expect(notOk(report)).toEqual([]);
  for (const era of ['2025-11-25', '2026-07-28']) {
    expect(lines(report.steps)).toContain(
      `stdio · ${era} · clean up with delete_note: ok (the result matches its output schema)`,
    );
  }
});

test('skips what a server does not offer', async () => {
  const report = await smoke([STDIO, HINTS], 'nothing-offered');
  expect(report.ok).toBe(true);
  expect(lines(report.steps).filter((line) => line.startsWith('stdio · 2026-07-28'))).toEqual([
    'stdio · 2026-07-28 · connect: ok',
    'stdio · 2026-07-28 · list tools: skipped (the server has none)',
    'stdio · 2026-07-28 · list resources: skipped (the server has none)',
    'stdio · 2026-07-28 · list resource templates: skipped (the server has none)',
    'stdio · 2026-07-28 · list prompts: ok (1)',
    'stdio · 2026-07-28 · call a tool: skipped (the server has no tools)',
    'stdio · 2026-07-28 · read a resource: skipped (the server has none)',
    'stdio · 2026-07-28 · get prompt hello: ok',
    'stdio · 2026-07-28 · bad argument: skipped (the server has no tools)',
    'stdio · 2026-07-28 · exits when stdin closes: ok (exit code 0)',
    'stdio · 2026-07-28 · only JSON-RPC on stdout: ok',
    'stdio · 2026-07-28 · nothing left running: ok',
  ]);
});

test('skips the key checks when the server asks for none', async () => {
  const report = await smoke([HTTP, HINTS]);
  expect(notOk(report)).toEqual([]);
  expect(lines(report.steps)).toContain(
    'http · 401 without a key: skipped (the server requires no key)',
  );
});

test('removes the temporary directories that it made', async () => {
  const store = feature({ smoke: { env: { STORE: '{tmp}/notes.db' } } });
  const left = await leftInTmp(async () => {
    expect((await smoke([STDIO, HTTP, store, HINTS])).ok).toBe(true);
  });
  expect(left).toEqual([]);
});
