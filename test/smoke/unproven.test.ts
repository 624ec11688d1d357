import { expect, test } from 'vitest';
import { HINTS, HTTP, lines, notOk, STDIO, smoke } from './fixtures.js';

const REASON = 'The store does not answer \\(connect ECONNREFUSED 127\\.0\\.0\\.1:1\\)\\.';

test('a store that cannot be reached is not proven, everything else is', async () => {
  const report = await smoke([STDIO, HTTP, HINTS], 'store-down');
  const down = (step: string) =>
    expect.stringMatching(
      new RegExp(`^${step}: unproven \\(the server's store is unreachable: ${REASON}\\)$`),
    );
  const ofEachEra = (title: string) => [
    down(`${title} · list resources`),
    down(`${title} · call create_note`),
    down(`${title} · read a resource`),
    down(`${title} · get prompt summarise`),
  ];
  expect(notOk(report)).toEqual([
    ...ofEachEra('stdio · 2025-11-25'),
    ...ofEachEra('stdio · 2026-07-28'),
    "http · readyz: unproven (the server's store is unreachable: datastore: connect ECONNREFUSED 127.0.0.1:1)",
    ...ofEachEra('http · 2025-11-25'),
    ...ofEachEra('http · 2026-07-28'),
  ]);
  expect(lines(report.steps)).toContain('http · healthz: ok (200)');
  expect(lines(report.steps)).toContain(
    'http · 2026-07-28 · bad argument to create_note: ok (isError, names title)',
  );
  expect(report.ok).toBe(true);
  expect(report.warnings).toEqual([
    expect.stringMatching(
      /^The server's store is unreachable \(.*ECONNREFUSED 127\.0\.0\.1:1.*\): 17 steps are not proven\.$/,
    ),
    'Start it with docker compose up -d --wait db, then run: npx --package create-mcp-server mcp-gen smoke',
  ]);
});

test('with strict, what is not proven is a failure', async () => {
  const report = await smoke([STDIO, HINTS], 'store-down', { strict: true });
  expect(report.ok).toBe(false);
  expect(report.steps.every(({ status }) => status !== 'failed')).toBe(true);
  expect(report.warnings).toContain('With --strict, unproven steps count as failed.');
});

test('with strict, a healthy server passes', async () => {
  const report = await smoke([STDIO, HINTS], '', { strict: true });
  expect(report).toMatchObject({ ok: true, warnings: [] });
});

test('a key without the right is not proven', async () => {
  const report = await smoke([STDIO, HINTS], 'forbidden');
  expect(notOk(report)).toContainEqual(
    'stdio · 2026-07-28 · call create_note: unproven (the key is not authorized for this: create_note needs the scope notes:write.)',
  );
  expect(report.ok).toBe(true);
});
