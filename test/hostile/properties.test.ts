/** What must hold for every input, not only for those that somebody thought of: the guards and the redaction of a built server. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostileProject } from '../support/hostile-project.js';
import { modulesOf } from '../support/server.js';

type Guard = (request: Request) => Response | undefined;
interface Guards {
  hostGuard(config: object): Guard;
  originGuard(config: object): Guard;
  contentTypeGuard: Guard;
}
interface Redaction {
  redactLine(line: string): string;
}

let guards: Guards;
let redaction: Redaction;
let places: { withSourcePlaces(text: string): string };
let modules: string;
beforeAll(async () => {
  modules = await modulesOf(await hostileProject());
  guards = await import(join(modules, 'kit/http/guards.js'));
  redaction = await import(join(modules, 'kit/telemetry/logger.js'));
  places = await import(join(modules, 'kit/host/node/host.js'));
});

const HOSTS = ['localhost', '127.0.0.1', '[::1]', 'mcp.example.com', 'mcp.internal'];
const ORIGINS = ['https://app.example.com', 'http://localhost:5173'];
const TYPES = ['application/json', 'application/json;charset=utf-8'];
const config = {
  PUBLIC_URL: 'https://mcp.example.com/',
  ALLOWED_HOSTS: ['mcp.internal'],
  ALLOWED_ORIGINS: ORIGINS,
};
const runs = { numRuns: 3_000 };

/** What HTTP can carry in a header: bytes, without those that end it. */
const byteText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
});
const punctuation = fc.constantFrom(
  '',
  '.',
  ':',
  '@',
  '/',
  ',',
  ' ',
  '#',
  '\\',
  '%00',
  '-',
  '\u00ad',
);

/** One of `values`, whole, cut, in other case, joined with another or with text around it, or any text. */
function nearly(values: readonly string[]) {
  const value = fc.constantFrom(...values);
  return fc.oneof(
    value,
    byteText,
    value.map((text) => text.toUpperCase()),
    fc.tuple(value, fc.nat(30), byteText).map(([a, at, b]) => a.slice(0, at) + b + a.slice(at)),
    fc.tuple(value, punctuation, value).map((parts) => parts.join('')),
    fc.tuple(byteText, punctuation, value).map((parts) => parts.join('')),
    fc.tuple(value, punctuation, byteText).map((parts) => parts.join('')),
    fc.tuple(value, fc.constant(':'), fc.nat(99_999)).map((parts) => parts.join('')),
    fc.tuple(value, fc.nat(30)).map(([text, end]) => text.slice(0, end)),
  );
}

/** As it reaches a guard: blanks at the ends are not part of a header's value. */
function withHeader(name: string, value: string): { request: Request; seen: string } {
  const request = new Request('http://localhost/mcp', { method: 'POST', headers: [[name, value]] });
  return { request, seen: request.headers.get(name) ?? '' };
}

describe('nothing outside of the allow-list passes', () => {
  it('the host guard', () => {
    const guard = guards.hostGuard(config);
    const allowed = (host: string) => {
      const name = HOSTS.find((one) => host === one || host.startsWith(`${one}:`));
      return name !== undefined && /^(?::[0-9]{1,5})?$/.test(host.slice(name.length));
    };
    fc.assert(
      fc.property(nearly(HOSTS), (host) => {
        const { request, seen } = withHeader('host', host);
        expect(guard(request) === undefined).toBe(allowed(seen.toLowerCase()));
      }),
      runs,
    );
  });

  it('the origin guard', () => {
    const guard = guards.originGuard(config);
    fc.assert(
      fc.property(nearly(ORIGINS), (origin) => {
        const { request, seen } = withHeader('origin', origin);
        expect(guard(request) === undefined).toBe(ORIGINS.includes(seen));
      }),
      runs,
    );
  });

  it('the content type guard', () => {
    const allowed = new Set([
      'application/json',
      'application/json;charset=utf-8',
      'application/json;charset="utf-8"',
    ]);
    fc.assert(
      fc.property(nearly(TYPES), (type) => {
        const { request, seen } = withHeader('content-type', type);
        const plain = seen.toLowerCase().replaceAll(/\s*;\s*/g, ';');
        expect(guards.contentTypeGuard(request) === undefined).toBe(allowed.has(plain));
      }),
      runs,
    );
  });
});

describe('redaction', () => {
  /** A secret; its beginning is in nothing that stands around it. */
  const text = (characters: string) =>
    fc
      .string({ unit: fc.constantFrom(...characters), minLength: 8, maxLength: 80 })
      .map((secret) => `Zq7${secret}`);
  const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const bearer = text(`${letters}-._~+/=`);
  const password = text(`${letters}!$%^*()_-+=[]{}|;:'<>?~`);
  const word = text(`${letters}-_.!$*+`);

  const inTexts = fc.oneof(
    bearer.map((secret) => [secret, `GET /mcp with Authorization: Bearer ${secret}`]),
    bearer.map((secret) => [secret, `basic ${secret} is wrong`]),
    word.map((secret) => [secret, `login failed: password=${secret}&user=app`]),
    word.map((secret) => [secret, `{"client_secret": "${secret}"}`]),
    word.map((secret) => [secret, `OPENAI_API_KEY=${secret}`]),
    word.map((secret) => [secret, `x-api-key: ${secret}`]),
    password.map((secret) => [secret, `connect postgres://app:${secret}@db.internal:5432/app`]),
    password.map((secret) => [secret, `redis://:${secret}@127.0.0.1 is gone`]),
  );
  const stem = fc.constantFrom(
    ...['password', 'passwd', 'passphrase', 'pwd', 'pass', 'secret', 'credential', 'authorization'],
    ...[
      'cookie',
      'token',
      'tokens',
      'jwt',
      'bearer',
      'otp',
      'totp',
      'session id',
      'connection string',
    ],
    ...['api key', 'private key', 'ssh key', 'signing key', 'access key', 'encryption keys'],
  );
  const before = fc.constantFrom('', 'x', 'db', 'old', 'smtp', 'client', 'github', '2', 'set');
  type Style = (words: readonly string[]) => string;
  const capital = (one: string) => one.slice(0, 1).toUpperCase() + one.slice(1);
  const style = fc.constantFrom<Style>(
    (words) => words.join('_'),
    (words) => words.join('-'),
    (words) => words.join('.'),
    (words) => words.join('_').toUpperCase(),
    (words) => words.map(capital).join(''),
    (words) => words.map((one, index) => (index === 0 ? one : capital(one))).join(''),
  );
  /** A name of a secret as people write them. */
  const nameOf = (after: fc.Arbitrary<string>) =>
    fc.tuple(before, stem, after, style).map(([first, middle, last, write]) => {
      return write([first, ...middle.split(' '), last].filter((one) => one !== ''));
    });
  const name = nameOf(fc.constant(''));
  const longerName = fc.oneof(name, nameOf(fc.constantFrom('', 'value', 'text')));
  /** `value` somewhere inside of an object. */
  const inside = (value: unknown, path: readonly string[]) =>
    path.reduceRight<unknown>(
      (inner, key) => ({ [key]: inner, ok: true, list: [1, inner] }),
      value,
    );
  const path = fc.array(fc.constantFrom('a', 'headers', 'request', '__proto__', '0'), {
    minLength: 1,
    maxLength: 4,
  });

  it('no secret in a text stays', () => {
    fc.assert(
      fc.property(inTexts, path, ([secret = '', message], where) => {
        const line = redaction.redactLine(JSON.stringify(inside(message, where)));
        expect(line).not.toContain(JSON.stringify(secret).slice(1, -1));
      }),
      runs,
    );
  });

  it('no value of a secret name stays, whatever it is and however deep', () => {
    fc.assert(
      fc.property(
        longerName,
        fc.jsonValue({ maxDepth: 2 }),
        word,
        path,
        (key, value, secret, where) => {
          const log = inside({ [key]: { value, list: [secret] } }, where);
          expect(redaction.redactLine(JSON.stringify(log))).not.toContain(secret);
        },
      ),
      runs,
    );
  });

  it('what is left is one line of JSON that no terminal acts on, and redacting it again changes nothing', () => {
    const log = fc.dictionary(
      fc.string({ minLength: 1 }),
      fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
    );
    fc.assert(
      fc.property(log, (fields) => {
        const line = redaction.redactLine(JSON.stringify(fields));
        expect(line).toMatch(/^[\x20-\x7e\u00a0-\u2027\u202f-\u2065\u206a-\uffff]*\n$/);
        expect(Object.keys(JSON.parse(line))).toEqual(
          Object.keys(JSON.parse(JSON.stringify(fields))),
        );
        expect(redaction.redactLine(line)).toBe(line);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a text that looks like places in the code takes no long time', async () => {
    const { withSourcePlaces } = places;
    const prefix = pathToFileURL(join(modules, '../dist/')).href;
    const parts = ['file://', '/dist/', prefix, 'a', '1:', 'a.js:', '(', ' '];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 4 }), (some) => {
        const unit = some.join('');
        const started = performance.now();
        withSourcePlaces(unit.repeat(Math.ceil(200_000 / unit.length)));
        expect(performance.now() - started, unit).toBeLessThan(1_000);
      }),
      { numRuns: 150 },
    );
  });

  it('a long text takes no long time', () => {
    const parts = [
      'a://',
      'a://b:',
      'token=',
      'token="',
      'eyJ',
      'eyJaaaaaa.',
      'Bearer ',
      'a.',
      '-',
      '@',
      ' ',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 4 }), (some) => {
        const unit = some.join('');
        const message = unit.repeat(Math.ceil(100_000 / unit.length));
        const started = performance.now();
        redaction.redactLine(JSON.stringify({ message }));
        expect(performance.now() - started, unit).toBeLessThan(2_000);
      }),
      { numRuns: 150 },
    );
  });
});
