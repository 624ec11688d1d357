const SECRET_NAME =
  /authorization|cookie|passw(?:or)?d|passphrase|secret|credential|api[-_]?key|private[-_]?key|token$/i;

/** Secrets inside of texts. Repetitions are bounded or end at the first character that does not fit, so that a long text does not take long. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  // postgres://user:password@host, also when the password should have been encoded
  [
    /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)(?:[^\s/?#]{1,512}|[^\s:/?#@]{0,256}:\S{1,512})@/gi,
    '$1[redacted]@',
  ],
  [/\b(Bearer|Basic) {1,4}[\w.~+/=-]+/gi, '$1 [redacted]'],
  // JSON Web Tokens
  [/\beyJ[\w-]{5,1024}\.[\w.-]+/g, '[redacted]'],
  // password=…, "token": "…", x-api-key: …
  [
    /((?:passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key)["']?\s{0,4}[=:]\s{0,4})(?:"[^"]*"|'[^']*'|[^\s&;,]+)/gi,
    '$1[redacted]',
  ],
];

/** Characters that steer a terminal or turn text around; JSON escapes only those below U+0020. */
const STEERING = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Whether there can be a secret in a line at all: all that is looked for has one of these. Most lines have none. */
const SUSPICIOUS =
  /authorization|cookie|pass|pwd|secret|credential|api[-_]?key|private[-_]?key|token|:\/\/|bearer|basic|eyJ/i;

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
      SECRET_NAME.test(name) ? '[redacted]' : redactValue(field),
    ]),
  );
}

/** A text without the passwords and tokens in it. */
export function redactText(text: string): string {
  return SECRETS_IN_TEXT.reduce((clean, [secret, shown]) => clean.replace(secret, shown), text);
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
