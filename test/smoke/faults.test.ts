import { expect, test } from 'vitest';
import type { Feature } from '../../src/catalog/types.js';
import { HINTS, HTTP, KEY, lines, notOk, ourProcesses, STDIO, smoke } from './fixtures.js';

/** The servers do not answer at all in some of these. */
const timeoutMs = 2000;
const BOTH_ERAS = ['2025-11-25', '2026-07-28'];

/** Fails exactly these steps, over stdio in both eras. */
async function expectStdioFault(fault: string, ...expected: RegExp[]): Promise<string> {
  const report = await smoke([STDIO, HINTS], fault, { timeoutMs });
  for (const era of BOTH_ERAS) {
    const failed = notOk(report).filter((line) => line.includes(era));
    expect(failed).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  }
  expect(report.ok).toBe(false);
  return report.stderr ?? '';
}

/** Fails exactly these steps over HTTP. */
async function expectHttpFault(
  features: readonly Feature[],
  fault: string,
  ...expected: RegExp[]
): Promise<string> {
  const report = await smoke([HTTP, HINTS, ...features], fault, { timeoutMs });
  expect(notOk(report)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  expect(report.ok).toBe(false);
  return report.stderr ?? '';
}

test('a server that hangs', async () => {
  const stderr = await expectStdioFault(
    'hang',
    /· connect: failed \(no answer within 2 s\)$/,
    /· exits when stdin closes: failed \(its stdin was closed, and the server did not exit within 0\.4 s\)$/,
  );
  expect(stderr).toContain('waiting for something that never comes');
});

test('a server that crashes at start', async () => {
  const stderr = await expectStdioFault(
    'crash',
    /· connect: failed \(.*\(the server exited with code 1\)\)$/,
  );
  expect(stderr).toContain('Error: cannot open the config file');
  expect(stderr).toContain('[stdio · 2025-11-25, stdio · 2026-07-28]');
});

test('a banner on stdout', async () => {
  await expectStdioFault(
    'banner',
    /only JSON-RPC on stdout: failed \(.*"Notes server 1\.0 is ready!"\)$/,
  );
});

test('a rest without a line end on stdout', async () => {
  await expectStdioFault('unfinished-line', /connect: failed/, /only JSON-RPC on stdout: failed/);
});

test('a structured result that does not fit the schema', async () => {
  await expectStdioFault(
    'wrong-structure',
    /· call create_note: failed \(structuredContent does not match the tool's output schema: .*id must be string/,
  );
});

test('no structured result', async () => {
  await expectStdioFault(
    'no-structure',
    /· call create_note: failed \(the tool has an output schema but returned no structuredContent\)$/,
  );
});

test('a tool that fails', async () => {
  await expectStdioFault(
    'tool-fails',
    /· call create_note: failed \(the tool returned an error: Out of ink\.\)$/,
    /· read a resource: unproven/,
  );
});

test('an error that does not name the field', async () => {
  await expectStdioFault(
    'nameless-error',
    /· bad argument to create_note: failed \(the error for an invalid title does not name it, .*: Invalid input\)$/,
  );
});

test('a bad argument that is accepted', async () => {
  await expectStdioFault('bad-accepted', /· bad argument.*: failed \(.*title was accepted/);
});

test('a protocol error for a bad argument', async () => {
  await expectStdioFault(
    'protocol-error',
    /· bad argument to create_note: failed \(an invalid title was rejected with a protocol error \(-32602 Invalid params\)/,
  );
});

test('a tool that never answers', async () => {
  await expectStdioFault('slow', /· call create_note: failed \(no answer within 2 s\)$/);
});

test('a server that dies in a call', async () => {
  await expectStdioFault(
    'dies',
    /· call create_note: failed \(.*\(the server exited with code 9\)\)$/,
  );
});

test('a server that outlives its client', async () => {
  await expectStdioFault(
    'keeps-running',
    /· exits when stdin closes: failed \(.* did not exit within 2 s\)$/,
  );
});

test('a bad exit code at the end of input', async () => {
  await expectStdioFault(
    'exit-3',
    /· exits when stdin closes: failed \(the server exited with code 3 after its stdin was closed, expected exit code 0\)$/,
  );
});

test.each(['orphan', 'detached-orphan'])('a helper that is left running (%s)', async (fault) => {
  await expectStdioFault(
    fault,
    /· nothing left running: failed \(the server exited but left processes running: .*setTimeout.*\(pid \d+\)\)$/,
  );
  expect(ourProcesses()).toEqual([]);
});

test('an HTTP server that crashes at start', async () => {
  const stderr = await expectHttpFault(
    [KEY],
    'crash',
    /^http · start: failed \(it exited before it listened \(the server exited with code 1\)\)$/,
  );
  expect(stderr).toContain('Error: cannot open the config file');
  expect(stderr).toContain('starting with key [redacted]');
});

test('an HTTP server that never listens', async () => {
  await expectHttpFault([], 'hang', /^http · start: failed \(no answer within 2 s\)$/);
});

test('an HTTP server that asks for no key', async () => {
  await expectHttpFault(
    [KEY],
    'no-auth',
    /^http · 401 without a key: failed \(the server answered 200 .* without a key \(2025-11-25\), expected 401\)$/,
    /^http · 401 with a wrong key: failed/,
  );
});

test('an HTTP server that takes any key', async () => {
  await expectHttpFault(
    [KEY],
    'any-key',
    /^http · 401 with a wrong key: failed \(the server answered 200/,
  );
});

test('a 401 without a challenge', async () => {
  await expectHttpFault(
    [KEY],
    'no-challenge',
    /^http · 401 without a key: failed .*WWW-Authenticate/,
  );
});

test('an HTTP server that answers any Origin', async () => {
  await expectHttpFault(
    [],
    'any-origin',
    /^http · foreign Origin refused: failed \(a request with Origin: https:\/\/evil\.example \(2025-11-25\) was answered with 200/,
  );
});

test('an HTTP server that answers any Host', async () => {
  await expectHttpFault(
    [],
    'any-host',
    /^http · wrong Host refused: failed \(a request with Host: evil/,
  );
});

test('health that is not', async () => {
  await expectHttpFault(
    [],
    'unhealthy',
    /^http · healthz: failed \(\/healthz answered 500 .*, expected 200\)$/,
  );
});

test('readiness that never comes and does not say why', async () => {
  await expectHttpFault(
    [],
    'never-ready',
    /^http · readyz: failed \(\/readyz answered 503 .*expected 200/,
  );
});

test('an HTTP server that ignores SIGTERM', async () => {
  await expectHttpFault(
    [],
    'ignores-sigterm',
    /^http · clean exit on SIGTERM: failed \(after SIGTERM the server did not exit within 2 s\)$/,
  );
});

test('a bad exit code on SIGTERM', async () => {
  await expectHttpFault(
    [],
    'exit-3',
    /clean exit on SIGTERM: failed \(the server exited with code 3/,
  );
});

test('an HTTP server that leaves a helper running', async () => {
  await expectHttpFault([], 'orphan', /^http · nothing left running: failed/);
  expect(ourProcesses()).toEqual([]);
});

test('a modern-only HTTP server fails for older clients', async () => {
  const report = await smoke([HTTP, HINTS], 'modern-only', { timeoutMs });
  expect(notOk(report)).toEqual([expect.stringMatching(/^http · 2025-11-25 · connect: failed/)]);
  expect(lines(report.steps)).toContain('http · 2026-07-28 · connect: ok');
});
