import { expect, test, vi } from 'vitest';
import { nodeHost, stderr } from '../../src/host/node/host.js';
import { createLogger, redactLine, shortened } from '../../src/telemetry/logger.js';

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
  { msg: `{"password": "a\\"b ${SECRET}"}` },
  { msg: `{"tokens": ["a", "${SECRET}"]}` },
  { msg: `cookie: a=b; sid=${SECRET}` },
  { msg: `{"cookie":"a=b; sid=${SECRET}"}` },
  { msg: `Authorization: Digest username="a", response="${SECRET}"` },
  { msg: `pwd[0]=${SECRET}` },
  { msg: `set-cookie: sid="${SECRET}"` },
  { msg: `{"cookie":"a=\\"${SECRET}\\""}` },
  { msg: `{"headers":"{\\"password\\":\\"my ${SECRET}\\"}"}` },
  { msg: `Authorization: Negotiate ${SECRET}` },
  { msg: `Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=${SECRET}` },
  { msg: `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${SECRET}` },
  { msg: `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${SECRET}\n` },
  { msg: `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----` },
])('a secret does not reach the log: %o', (fields) => {
  expect(log(fields)).not.toContain(SECRET);
  expect(log(fields)).toContain('[redacted]');
});

test.each(['api key', 'API keys', 'private key', 'pass phrase', 'connection string', 'session id'])(
  'nor does what a name of two words names: %s',
  (name) => {
    for (const text of [
      `${name}: ${SECRET}`,
      `the ${name} = "${SECRET} 1"`,
      `{"${name}":"${SECRET}"}`,
    ]) {
      expect(log({ msg: text })).not.toContain(SECRET);
    }
    expect(log({ [name]: SECRET })).not.toContain(SECRET);
  },
);

test('two words that name no secret are left', () => {
  const msg = 'public key: a, status code: 401, query string: b, primary key: c, my api, key: d';
  expect(JSON.parse(log({ msg, password: 1 })).msg).toBe(msg);
});

const SECRETS = [
  ...['password', 'passwd', 'pwd', 'pass', 'passcode', 'dbPwd', 'smtp.pass', 'userPass', 'PASS_2'],
  ...['token', 'tokens', 'access_tokens', 'accessTokens', 'token_value', 'idToken', 'ACCESS-TOKEN'],
  ...['jwt', 'userJwt', 'bearer', 'otp', 'totp', 'login_otp', 'otpCode', 'session_id', 'sessionId'],
  ...[
    'mcp-session-id',
    'JSESSIONID',
    'ssh_key',
    'sshKey',
    'SIGNING_KEY',
    'api_keys',
    'privateKey',
    'OPENAI_KEY',
    'stripeKey',
    'tls_key',
  ],
  ...['connection_string', 'ConnectionString', 'clientsecret', 'credentials', 'set-cookie'],
];

const HARMLESS = [
  ...['tokens_used', 'tokenCount', 'token_type', 'TOKEN_TTL_SECONDS', 'tokenizer', 'access_key_id'],
  ...['passed', 'bypass', 'compass', 'passenger', 'passage', 'author', 'authority', 'secretary'],
  ...[
    'session',
    'sessions',
    'sessionCount',
    'connection',
    'connections',
    'jwt_issuer',
    'footprint',
  ],
  ...['key', 'keyboard', 'monkey', 'primary_key', 'public_key', 'cacheKey', 'keyId', 'basics'],
];

test.each(SECRETS)('%s is the name of a secret', (name) => {
  for (const value of [SECRET, [SECRET], { deep: [SECRET] }]) {
    expect(log({ request: [{ [name]: value }] })).not.toContain(SECRET);
  }
  for (const text of [
    `${name}=${SECRET}&x=1`,
    `${name}: ${SECRET}`,
    `{"${name}": "${SECRET} 1"}`,
  ]) {
    expect(log({ msg: `failed with ${text}` })).not.toContain(SECRET);
  }
});

test.each(HARMLESS)('%s is not', (name) => {
  const fields = { [name]: SECRET, msg: `failed with ${name}=${SECRET}` };
  expect(JSON.parse(log(fields))).toEqual(fields);
});

test('everything else stays as it is', () => {
  const fields = {
    url: 'http://localhost:3000/mcp',
    tool: 'create_note',
    ok: true,
    tokens: 17,
    usage: { max_tokens: 4_096, completion_tokens_details: { reasoning: 3 } },
    pass: true,
    msg: 'tokens: 17, otp=false',
  };
  expect(JSON.parse(log(fields))).toEqual(fields);
});

test('a value goes as a whole, and nothing after it', () => {
  const text =
    'otp=1 url=https://h/?jwt=2&a=3 Authorization: Bearer 4, sshKey="5 6" pass=token: 7 x=8';
  expect(JSON.parse(log({ text })).text).toBe(
    'otp=[redacted] url=https://h/?jwt=[redacted]&a=3 Authorization: [redacted], sshKey=[redacted] pass=[redacted] [redacted] x=8',
  );
});

test('nothing in a line steers a terminal', () => {
  const line = log({ msg: '\u001b[2J\u009b31m\u202e\r\n\u007f' });
  expect(line).toMatch(/^[ -~]+\n$/);
});

test('the logger writes such lines', () => {
  const write = vi.spyOn(stderr, 'write').mockImplementation(() => {});
  createLogger(nodeHost, 'info', 'test')
    .child({ token: SECRET })
    .info({ password: SECRET }, 'hello');
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
