import type { Logger } from 'pino';
import type { CallSettings } from '../definitions/settings.js';
import type { Host } from '../host/host.js';

/** JSON lines without secrets, each with the request that it belongs to. */
export function createLogger(
  host: Host,
  level: CallSettings['LOG_LEVEL'],
  service: string,
): Logger {
  return host.createLogger({
    level,
    service,
    fields() {
      const id = host.requests.getStore()?.id;
      return { ...(id !== undefined && { correlationId: id }), ...traceFields() };
    },
    clean: redactLine,
  });
}

/** Where a line of the log belongs. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

let find: () => TraceFields | undefined = () => undefined;

/** Tells the logs how to find the span that is going on. */
export function findTraceFields(finder: () => TraceFields | undefined): void {
  find = finder;
}

/** The span that is going on, if there are traces. */
export function traceFields(): TraceFields | undefined {
  return find();
}

/** What a name speaks of wherever it stands in it: `dbPassword2`, `clientsecret`, `set-cookie`. Names are written as `inWords` gives them. */
const SECRET =
  /authorization|cookie|pass-?(?:w(?:or)?d|phrase|code|key)|pwd|secret(?!ar)|credential|api-?key|private-?key|conn(?:ection)?-?str/;

const KINDS_OF_KEYS =
  'access|account|auth|client|deploy|encryption|gpg|hmac|licen[cs]e|master|openai|pgp|root|rsa|service|session|shared|signing|ssh|storage|stripe|tls|webhook';

/** What names of secrets end with, or go on after with other words than `ABOUT`. */
const ENDINGS = [
  'tokens?(?:value|string)?\\d*',
  '(?:^|-)(?:bearer|jwts?|t?otps?)\\d*',
  'session-?ids?|(?:^|-|j|php)sess-?ids?',
  `(?:${KINDS_OF_KEYS})-?keys?`,
].join('|');

/** What is said about a secret without telling it: `tokenCount`, `jwt_issuer`, `access_key_id`. */
const ABOUT =
  'age|alg|algorithm|at|audience|bytes|cached|cost|counts?|details|enabled|endpoint|entries|expired|expires|expiration|expiry|file|format|hits?|ids?|in|index|issuer|kind|left|length|lifetime|limits?|max|min|misses|ms|names?|path|position|price|rate|remaining|required|seconds|size|state|status|supported|totals?|ttl|types?|uris?|urls?|usage|used|valid|verified';

const LIKELY_SECRET = new RegExp(
  `(?:^|-)pass\\d*(?:-(?:\\d+|hash|new|old|plain|raw|text|value))?$|(?:${ENDINGS})(?:$|-(?!(?:[a-z\\d]+-)*(?:${ABOUT})$))`,
);

/** Longer names are looked at from their ends: callers may send them. */
const MAX_NAME = 200;

/** Secrets inside of texts. Repetitions are bounded or end at the first character that does not fit, so that a long text does not take long. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  // postgres://user:password@host, also when the password should have been encoded
  [
    /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)(?:[^\s/?#]{1,512}|[^\s:/?#@]{0,256}:\S{1,512})@/gi,
    '$1[redacted]@',
  ],
  [/\b(Bearer|Basic) {1,4}[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    '[redacted]',
  ],
  // JSON Web Tokens
  [/(?<![\w-])eyJ[\w-]{5,}\.[\w.-]+/g, '[redacted]'],
];

/** Characters that steer a terminal or turn text around; JSON escapes only those below U+0020. */
const STEERING = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A name before its value, and a value: `password=…`, `"token": "…"`, `x-api-key: …`. */
const ASSIGNED = /([\w-]{1,64})(?:\[\w{0,20}\])?\\{0,3}["']?\s{0,4}[=:]\s{0,4}/g;
const VALUE =
  /"(?:[^"\\]|\\.)*"|\\{1,3}"[^"\r\n]*"|'(?:[^'\\]|\\.)*'|\[[^\]]*(?:\]|$)|(?:(?:Bearer|Basic|Token) {1,4})?[^\s&;,]+/iy;
/** The same after the names of headers whose values have several parts. */
const VALUES_OF_HEADERS: readonly (readonly [RegExp, RegExp])[] = [
  [/cookie$/i, /"(?:[^"\\]|\\.)*"|\\{0,3}["']?(?:=\\{0,3}"[^"\r\n]*"|[^\r\n"'])+/y],
  [
    /authorization$/i,
    /"(?:[^"\\]|\\.)*"|\\{1,3}"[^"\r\n]*"|(?:AWS4-HMAC-SHA256|Digest|Hawk|OAuth) {1,4}[^\r\n]+|(?:[a-z][\w-]{0,30} {1,4})?[^\s&;,]+/iy,
  ],
];

/** Names of secrets that have a blank in them. */
const FIRST_OF_TWO = new RegExp(`\\b(?:api|connection|pass|private|${KINDS_OF_KEYS}) $`, 'i');
const SECOND_OF_TWO = /^(?:code|id|keys?|phrase|string)$/i;

/** The beginnings of all words that secrets are found by; each of them is one alternative less where it can be. */
const STEMS = 'autho|cook|p(?:ass|wd)|se(?:cr|ss)|key|tok|://|b(?:ear|asi)|jwt|otp|c(?:onn|red)';

/**
 * Whether there can be a secret in a line, or in a name. Most have none. Classes of two letters, and the case of `eyJ`, take half
 * the time of the flag `i`.
 */
const SUSPICIOUS = new RegExp(
  `${STEMS.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)}|eyJ`,
);

/** Longer texts are cut: to look through them takes long, and callers may send them. */
const MAX_TEXT = 10_000;

/** A JSON line of the log without secrets, and harmless for the terminal that shows it. */
export function redactLine(line: string): string {
  const isHarmless = line.length <= MAX_TEXT && !SUSPICIOUS.test(line);
  const clean = isHarmless ? line.trimEnd() : JSON.stringify(redactValue(JSON.parse(line)));
  return `${clean.replace(STEERING, escapeCharacter)}\n`;
}

/** A JSON value without the secrets in it, found by the names of fields and by what texts look like. */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(shortened(value, MAX_TEXT));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(redactValue);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      isSecret(name, field) ? '[redacted]' : redactValue(field),
    ]),
  );
}

/** A number of tokens is how many there are; no secret is true or false. */
function isSecret(name: string, value: unknown): boolean {
  if (value === null || typeof value === 'boolean') return false;
  return isSecretName(name) && !(typeof value === 'number' && /tokens$/i.test(name));
}

function isSecretName(name: string): boolean {
  if (!SUSPICIOUS.test(name)) return false;
  const words = inWords(name);
  return SECRET.test(words) || LIKELY_SECRET.test(words.slice(-MAX_NAME));
}

/** `accessToken`, `ACCESS_TOKEN` and `access token` are `access-token`. */
function inWords(name: string): string {
  return name
    .replace(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-')
    .replace(/[^A-Za-z\d]+/g, '-')
    .toLowerCase();
}

/** A text without the passwords and tokens in it. */
export function redactText(text: string): string {
  return redactAssigned(
    SECRETS_IN_TEXT.reduce((clean, [secret, shown]) => clean.replace(secret, shown), text),
  );
}

/** What follows on the name of a secret. */
function redactAssigned(text: string): string {
  let clean = '';
  let end = 0;
  for (const { 0: start, 1: name = '', index } of text.matchAll(ASSIGNED)) {
    const from = index + start.length;
    if (from <= end) continue;
    if (!isSecretName(name) && !isSecretWithWordBefore(text, index, name)) continue;
    const [, pattern = VALUE] = VALUES_OF_HEADERS.find(([header]) => header.test(name)) ?? [];
    pattern.lastIndex = from;
    const [value] = pattern.exec(text) ?? [];
    if (value === undefined || isHarmless(name, value)) continue;
    clean += `${text.slice(end, from)}[redacted]`;
    end = from + value.length;
  }
  return clean + text.slice(end);
}

/** Whether the word before a name makes it the name of a secret: `api key: …`, `pass phrase = …`. */
function isSecretWithWordBefore(text: string, index: number, name: string): boolean {
  if (text[index - 1] !== ' ' || !SECOND_OF_TWO.test(name)) return false;
  const [before] = FIRST_OF_TWO.exec(text.slice(Math.max(0, index - 16), index)) ?? [];
  return before !== undefined && isSecretName(`${before}${name}`);
}

/** The same as `isSecret` grants to fields. */
function isHarmless(name: string, value: string): boolean {
  if (/^(?:true|false|null)\W*$/.test(value)) return true;
  return /tokens$/i.test(name) && /^\d+\W*$/.test(value);
}

/** The beginning of a text that somebody sent: enough to know it by. */
export function shortened(text: string, max = 1_000): string {
  if (text.length <= max) return text;
  // Redacted before the cut: nobody would know half of a secret for one.
  return `${redactText(text.slice(0, 2 * max)).slice(0, max)}…`;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
