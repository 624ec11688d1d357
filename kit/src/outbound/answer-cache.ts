/** An answer of an API, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

interface Entry {
  readonly answer: Answer;
  readonly path: string;
  readonly bytes: number;
  /** When it has to be asked again whether it is still right (milliseconds since 1970). */
  readonly freshUntil: number;
}

/** What an entry costs besides its body: headers, keys. */
const OVERHEAD_BYTES = 1_000;

/**
 * Answers to GET requests, no more of them than fit into so many bytes; the least recently used one goes first. Whoever makes the keys puts
 * into them whatever an answer can depend on, above all the credential.
 * @see https://www.rfc-editor.org/rfc/rfc9111
 */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** What is known, and whether it can be used without asking. */
  get(key: string): { readonly answer: Answer; readonly isFresh: boolean } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { answer: entry.answer, isFresh: entry.freshUntil > Date.now() };
  }

  /** Keeps an answer if it may be kept and can be of use later. @param freshSeconds if the server does not say how long */
  set(key: string, path: string, answer: Answer, freshSeconds = 0): void {
    this.#delete(key);
    const bytes = answer.body.length + OVERHEAD_BYTES;
    const { headers } = answer;
    const freshMs = freshnessMs(headers, freshSeconds);
    const canBeAsked = headers.has('etag') || headers.has('last-modified');
    if (freshMs === undefined || (freshMs <= 0 && !canBeAsked) || bytes > this.maxBytes) return;
    this.#entries.set(key, { answer, path, bytes, freshUntil: Date.now() + freshMs });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes) return;
      this.#delete(oldest);
    }
  }

  /** Forgets what a change at `path` may have changed: that, what is below, and the lists that it is in. */
  changed(path: string): void {
    for (const [key, entry] of this.#entries) {
      if (isWithin(entry.path, path) || isWithin(path, entry.path)) this.#delete(key);
    }
  }

  #delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** What asks whether a kept answer is still right. */
export function conditionOf({ headers }: Answer): Record<string, string> {
  const etag = headers.get('etag');
  if (etag !== null) return { 'if-none-match': etag };
  const modified = headers.get('last-modified');
  return modified === null ? {} : { 'if-modified-since': modified };
}

/** The kept answer with what the server says of it now. */
export function renewed({ status, headers, body }: Answer, now: Headers): Answer {
  const merged = new Headers(headers);
  for (const [name, value] of now) {
    if (!/^content-(?:length|encoding|type)$/.test(name)) merged.set(name, value);
  }
  return { status, headers: merged, body };
}

/** How long an answer can be used without asking (milliseconds); `undefined` when it must not be kept. */
function freshnessMs(headers: Headers, freshSeconds: number): number | undefined {
  const control = (headers.get('cache-control') ?? '').toLowerCase();
  const has = (directive: string) =>
    new RegExp(`(?:^|[\\s,])${directive}(?:$|[\\s,=])`).test(control);
  if (has('no-store') || headers.get('vary')?.trim() === '*') return undefined;
  if (has('no-cache')) return 0;
  const maxAge = /(?:^|[\s,])max-age\s*=\s*"?(\d+)/.exec(control)?.[1];
  if (maxAge !== undefined) return (Number(maxAge) - Number(headers.get('age') ?? 0)) * 1_000;
  const expires = headers.get('expires');
  if (expires === null) return freshSeconds * 1_000;
  const ms = Date.parse(expires) - Date.parse(headers.get('date') ?? new Date().toUTCString());
  return Number.isNaN(ms) ? 0 : ms;
}
