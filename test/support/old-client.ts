/** A client of 2025 that is written by hand: it says which replica each of its requests goes to. */
import { expect, onTestFinished } from 'vitest';
import { KEYS } from './fleet.js';
import { INITIALIZE, messagesIn } from './session-probes.js';

interface Sent {
  readonly key?: string;
  readonly session?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** A request as a client of 2025 sends it. */
export function send(
  url: string,
  { key = KEYS.alice, session, method = 'POST', headers, body, signal }: Sent,
) {
  return fetch(url, {
    method,
    headers: {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      'x-api-key': key,
      'mcp-protocol-version': '2025-11-25',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
}

export async function begin(url: string, key: string = KEYS.alice): Promise<string> {
  const response = await send(url, { key, body: INITIALIZE });
  const text = await response.text();
  const id = response.headers.get('mcp-session-id');
  if (response.status !== 200 || id === null) throw new Error(`${response.status}: ${text}`);
  return id;
}

/** A stream that is read until it ends or is left. */
export function follow(response: Response) {
  expect(response.status).toBe(200);
  let text = '';
  let isOver = false;
  let isBroken = false;
  const reader = response.body?.getReader();
  const read = async () => {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      text += Buffer.from(value ?? []).toString();
    }
  };
  const ended = read()
    .catch(() => {
      isBroken = true;
    })
    .finally(() => {
      isOver = true;
    });
  const leave = async () => {
    await reader?.cancel().catch(() => {});
    await ended;
  };
  onTestFinished(leave);
  return {
    ended,
    leave,
    isOver: () => isOver,
    isBroken: () => isBroken,
    messages: () => messagesIn(text),
    updates: () =>
      messagesIn(text).map((one) => {
        const { method, params } = one as { method?: string; params?: { uri?: string } };
        return params?.uri ?? method;
      }),
    lastEvent: () => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '',
  };
}
