import { afterEach, expect, test } from 'vitest';
import { feature } from '../support/feature.js';
import { HINTS, lines, notOk, ourProcesses, STDIO, smoke } from './fixtures.js';

/** The fixture servers call the address of API_URL when a tool is called, and say when it does not answer. */
const API = feature({
  env: [{ name: 'API_URL', description: 'The API.' }],
  smoke: { standIn: { script: 'stand-in.mjs', env: { API_URL: '{url}' } } },
});
const failing = (fault: string) => feature({ smoke: { env: { STAND_IN_FAULT: fault } } });
const STARTED = 'stand-in · start stand-in.mjs: ok (in place of API_URL)';

afterEach(() => expect(ourProcesses()).toEqual([]));

test('a stand-in is what the servers call, and it is gone afterwards', async () => {
  const report = await smoke([STDIO, HINTS, API], 'calls-api');
  expect(notOk(report)).toEqual([]);
  expect(lines(report.steps)[0]).toBe(STARTED);
  expect(report.ok).toBe(true);
});

test('an API that is set is called itself; one that cannot be reached is not proven', async () => {
  const env = { ...process.env, API_URL: 'http://127.0.0.1:9' };
  const report = await smoke([STDIO, HINTS, API], 'calls-api', { env });
  expect(lines(report.steps)).not.toContain(STARTED);
  expect(notOk(report)).toContainEqual(
    expect.stringMatching(
      /call create_note: unproven \(a service that the server calls is unreachable: /,
    ),
  );
  expect(report.ok).toBe(true);
  expect(report.warnings).toEqual([
    expect.stringMatching(
      /^A service that the server calls is unreachable \(.*\): \d steps are not/,
    ),
    'When it can be reached, run: npx --package create-mcp-server mcp-gen smoke',
  ]);
});

test('an address that only the new .env has is not one that the owner has set', async () => {
  const local = feature({ local: [{ name: 'API_URL', value: 'http://127.0.0.1:9' }] });
  const report = await smoke([STDIO, HINTS, API, local], 'calls-api');
  expect(lines(report.steps)[0]).toBe(STARTED);
  expect(notOk(report)).toEqual([]);
});

test('a project whose owner removed the script has none', async () => {
  const gone = feature({ smoke: { standIn: { script: 'gone.mjs', env: { API_URL: '{url}' } } } });
  const report = await smoke([STDIO, HINTS, gone]);
  expect(report).toMatchObject({ ok: true });
  expect(lines(report.steps).join()).not.toContain('stand-in');
});

test.each([
  ['crash', /could not|exited with code 1/],
  ['chatty', /it printed "Listening!", no address/],
  ['silent', /no answer within 1 s/],
])(
  'one that is not there (%s) is a failure with its output; no server is started',
  async (fault, reason) => {
    const report = await smoke([STDIO, HINTS, API, failing(fault)], 'calls-api', {
      timeoutMs: 1_000,
    });
    expect(report.ok).toBe(false);
    expect(report.steps).toHaveLength(1);
    expect(report.steps[0]).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(reason),
    });
    if (fault === 'crash') expect(report.stderr).toContain('cannot open the recording');
  },
);

test('it ends when the smoke test is interrupted', async () => {
  const controller = new AbortController();
  const work = smoke([STDIO, HINTS, API], 'hang', { signal: controller.signal });
  await expect.poll(ourProcesses, { timeout: 4000 }).toHaveLength(3);
  controller.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
});
