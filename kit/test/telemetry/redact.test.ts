import { expect, test, vi } from 'vitest';
import { stderr } from '../../src/host/node/line-writer.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { redactLine, shortened } from '../../src/telemetry/redact.js';

const SECRET = 'hunter2';
const log = (fields: unknown) => redactLine(JSON.stringify(fields));

test.each([
  { password: SECRET },
  { request: { headers: { authorization: `Bearer ${SECRET}`, 'set-cookie': [SECRET] } } },
  { clients: [{ accessToken: SECRET, api_key: SECRET, clientSecret: SECRET }] },
  { msg: `connect ECONNREFUSED postgres://app:${SECRET}@db:5432/app` },
  { msg: `Invalid URL: postgres://app:${SECRET}/with@signs@db` },
  { msg: `401 for Authorization: Bearer ${SECRET}` },
  { err: { stack: `Error: GET https://api.example/?api_key=${SECRET}&x=1` } },
  { msg: `{"password": "${SECRET}"}` },
])('a secret does not reach the log: %o', (fields) => {
  expect(log(fields)).not.toContain(SECRET);
  expect(log(fields)).toContain('[redacted]');
});

test('everything else stays as it is', () => {
  const fields = { url: 'http://localhost:3000/mcp', tokens: 17, tool: 'create_note', ok: true };
  expect(JSON.parse(log(fields))).toEqual(fields);
});

test('nothing in a line steers a terminal', () => {
  const line = log({ msg: '\u001b[2J\u009b31m\u202e\r\n\u007f' });
  expect(line).toMatch(/^[ -~]+\n$/);
});

test('the logger writes such lines', () => {
  const write = vi.spyOn(stderr, 'write').mockImplementation(() => {});
  createLogger('info').child({ token: SECRET }).info({ password: SECRET }, 'hello');
  const [[written = ''] = []] = write.mock.calls;
  write.mockRestore();
  expect(JSON.parse(written)).toMatchObject({ password: '[redacted]', msg: 'hello' });
  expect(written).not.toContain(SECRET);
});

test('a long text is cut, and no half of a secret stays', () => {
  const uri = `${'x'.repeat(990)} postgres://app:${SECRET}@db`;
  expect(shortened(uri)).toHaveLength(1_001);
  expect(shortened(uri)).not.toContain(SECRET.slice(0, 3));
  expect(log({ msg: 'x'.repeat(1_000_000) }).length).toBeLessThan(20_000);
});
