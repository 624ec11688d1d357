/** MCP over `node:http`, where a test says what happens to connections. */
import { once } from 'node:events';
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { legacy, modern } from './hostile-project.js';

type Message = ReturnType<typeof modern | typeof legacy>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** All messages, also of an event stream. */
  readonly messages: readonly JsonRpcMessage[];
  /** Whether the answer came to its end. */
  readonly complete: boolean;
}

export interface JsonRpcMessage {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: Readonly<Record<string, unknown>>;
    readonly _meta?: { readonly error?: { readonly code: string; readonly retryable: boolean } };
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** Starts a request without its body. */
export function begin(
  port: number,
  { headers }: Pick<Message, 'headers'>,
  agent: Agent | false = false,
): ClientRequest {
  return request({
    host: '127.0.0.1',
    port,
    path: '/mcp',
    method: 'POST',
    agent,
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
  });
}

/** The whole answer to a request. Rejects when there is none. */
export function answerTo(sent: ClientRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => {});
      response.once('close', () => {
        const { statusCode: status = 0, headers, complete } = response;
        resolve({ status, headers, messages: complete ? messagesIn(text) : [], complete });
      });
    });
  });
}

/** Sends a request, on a connection of its own unless there is an agent. */
export async function ask(
  port: number,
  message: Message,
  agent: Agent | false = false,
): Promise<HttpAnswer> {
  const sent = begin(port, message, agent);
  const answer = answerTo(sent);
  sent.end(JSON.stringify(message.body));
  return await answer;
}

/** How a call ended: `ok`, the code of the tool's error, or the HTTP status. */
export function outcomeOf({ status, messages }: HttpAnswer): string {
  if (status !== 200) return String(status);
  const { result, error } = messages.at(-1) ?? {};
  if (error !== undefined) return error.message;
  return result?.isError ? (result._meta?.error?.code ?? JSON.stringify(result)) : 'ok';
}

function messagesIn(text: string): JsonRpcMessage[] {
  const events = [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data);
  return (events.length > 0 ? events : [text]).map((one) => (one === '' ? {} : JSON.parse(one)));
}

/** Opens many connections that send nothing, and gives a function that closes those that the server has kept. */
export async function flood(port: number, count: number): Promise<() => void> {
  const sockets = Array.from({ length: count }, () =>
    connect(port, '127.0.0.1').on('error', () => {}),
  );
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(end);
  // A connection for which there is no place is closed.
  await Promise.all(
    sockets.map((socket) =>
      Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {}),
    ),
  );
  return end;
}
