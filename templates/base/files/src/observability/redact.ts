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

/** A JSON line of the log without secrets, and harmless for the terminal that shows it. */
export function redactLine(line: string): string {
  const clean = JSON.stringify(JSON.parse(line), (name, value) =>
    SECRET_NAME.test(name) ? '[redacted]' : typeof value === 'string' ? redactText(value) : value,
  );
  return `${clean.replace(STEERING, escapeCharacter)}\n`;
}

/** A text without the passwords and tokens in it. */
export function redactText(text: string): string {
  return SECRETS_IN_TEXT.reduce((clean, [secret, shown]) => clean.replace(secret, shown), text);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
