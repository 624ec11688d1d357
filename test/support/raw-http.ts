/** HTTP by hand, over a plain socket: for requests that no HTTP client would send. */
import { connect } from 'node:net';

export interface RawRequest {
  readonly method?: string;
  /** The request target as it is sent; default `/mcp`. */
  readonly target?: string;
  /** Sent as they are, also twice. Default: those of a right request to `port`. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
}

export interface RawResponse {
  readonly status: number;
  /** Lower-case names; several values are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything that came over the socket. */
  readonly text: string;
}

/** Sends one request on a connection of its own and reads until the server closes it. */
export function rawRequest(port: number, request: RawRequest = {}): Promise<RawResponse> {
  const { method = 'POST', target = '/mcp', headers = [], body = '' } = request;
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name);
  const length = Buffer.byteLength(body);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(has('host') ? [] : [`Host: 127.0.0.1:${port}`]),
    ...(has('content-length') || has('transfer-encoding') ? [] : [`Content-Length: ${length}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return exchange(port, [Buffer.concat([head, Buffer.from(body)])]);
}

/** Sends bytes as they are, piece by piece, and reads until the server closes the connection (or `timeoutMs` have passed). */
export async function exchange(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  { pauseMs = 0, timeoutMs = 10_000 } = {},
): Promise<RawResponse> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk)).once('close', resolve);
    // The server may end the connection while we are still sending.
    socket.on('error', () => {});
  });
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await closed;
  clearTimeout(timer);
  return parse(Buffer.concat(chunks).toString('utf8'));
}

function parse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  const body = end < 0 ? '' : text.slice(end + 4);
  return {
    status: Number(statusLine.split(' ')[1] ?? 0),
    headers,
    body: headers.get('transfer-encoding') === 'chunked' ? dechunk(body) : body,
    text,
  };
}

function dechunk(body: string): string {
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts).toString('utf8');
}
