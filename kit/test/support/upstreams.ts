import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import * as z from 'zod/v4';
import { anonymous } from '../../src/auth/anonymous.js';
import { gateway } from '../../src/gateway/gateway.js';
import { defineServer } from '../../src/index.js';
import type { AnyPart, Parts } from '../../src/parts.js';
import { openHttp } from '../../src/serve/http.js';
import { newFolder } from './folder.js';

/** What a test sees of a server behind the gateway. */
export interface TestUpstream {
  readonly url: string;
  /** The names of the tools that were called, and the headers of each request. */
  readonly calls: string[];
  readonly headers: Headers[];
  /** Answers all requests that are to come in this way; `undefined` ends that. */
  answerWith: ((request: Request) => Response | Promise<Response>) | undefined;
  close(): Promise<void>;
}

/** A real server over HTTP, in both versions of the protocol. @param build registers what it offers */
export async function httpUpstream(
  build: (server: McpServer, calls: string[]) => void = orders,
  port = 0,
): Promise<TestUpstream> {
  const calls: string[] = [];
  const headers: Headers[] = [];
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'orders', version: '1.0.0' });
    build(server, calls);
    return server;
  });
  const http = createServer(async (incoming, outgoing) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
    const left = new AbortController();
    outgoing.on('close', () => left.abort());
    const body = Buffer.concat(chunks);
    const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: incoming.headers as Record<string, string>,
      signal: left.signal,
      ...(body.length > 0 && { body }),
    });
    headers.push(request.headers);
    const response = await (upstream.answerWith?.(request) ?? mcp.fetch(request));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    for await (const chunk of response.body ?? []) outgoing.write(chunk);
    outgoing.end();
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const upstream: TestUpstream = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    calls,
    headers,
    answerWith: undefined,
    async close() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
  onTestFinished(() => upstream.close());
  return upstream;
}

/** Orders: a tool that reads, one that writes, one that takes long, a resource, a template and a prompt. */
export function orders(server: McpServer, calls: string[]): void {
  const input = z.object({ id: z.string() });
  server.registerTool(
    'find_order',
    {
      title: 'Find order',
      description: 'Finds an order.',
      inputSchema: input,
      outputSchema: z.object({ id: z.string(), total: z.number() }),
      annotations: { readOnlyHint: true },
    },
    ({ id }) => {
      calls.push('find_order');
      const order = { id, total: 12 };
      if (id === 'none') {
        return { isError: true, content: [{ type: 'text', text: 'There is no such order.' }] };
      }
      return { content: [{ type: 'text', text: JSON.stringify(order) }], structuredContent: order };
    },
  );
  server.registerTool('pay', { description: 'Pays an order.', inputSchema: input }, () => {
    calls.push('pay');
    return {
      content: [
        { type: 'image', data: 'aGk=', mimeType: 'image/png' },
        { type: 'resource_link', uri: 'orders://7', name: 'the order' },
      ],
    };
  });
  server.registerTool('wait', { description: 'Waits.' }, async ({ mcpReq }) => {
    calls.push('wait');
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      const params = { progressToken, progress: 1, total: 2, message: 'half' };
      await mcpReq.notify({ method: 'notifications/progress', params });
    }
    let isOver = false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 400);
      mcpReq.signal.addEventListener('abort', () => {
        // It also ends with the answer.
        if (isOver) return;
        clearTimeout(timer);
        calls.push('cancelled');
        resolve();
      });
    });
    isOver = true;
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerResource('all', 'orders://all', { mimeType: 'text/plain' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: '1, 2, 3' }],
  }));
  server.registerPrompt(
    'explain',
    { description: 'Explains an order.', argsSchema: z.object({ id: z.string() }) },
    ({ id }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `Explain order ${id}.` } }],
    }),
  );
}

/** The lines of `gateway.yaml` for a server over stdio that behaves so. */
export function hostile(mode: string, more = ''): string {
  const script = fileURLToPath(new URL('../fixtures/upstreams/hostile.mjs', import.meta.url));
  return `  bad:\n    command: ${process.execPath}\n    args: [${script}, ${mode}]\n    protocol: "2025-11-25"\n${more}`;
}

/** The lines of `gateway.yaml` for servers over HTTP. */
export function instances(name: string, urls: readonly string[], more = ''): string {
  return `  ${name}:\n    instances: [${urls.join(', ')}]\n${more}`;
}

const silence = z.string().default('Bearer upstream-secret');

/** A gateway in front of the servers of this `gateway.yaml`. */
export async function openGateway(
  upstreams: string,
  { parts = {}, env = {} }: { parts?: Record<string, AnyPart>; env?: Record<string, string> } = {},
) {
  const path = join(newFolder('gateway'), 'gateway.yaml');
  const write = (text: string) => writeFileSync(path, `upstreams:\n${text}`);
  write(upstreams);
  const settings = { UPSTREAM_TOKEN: silence, UNSET: z.string().optional() };
  const server = defineServer({
    name: 'gateway',
    version: '1.0.0',
    parts: {
      settings,
      auth: anonymous(),
      catalogue: gateway(settings, { pollMs: 20 }),
      ...parts,
    } as Parts & Readonly<Record<string, unknown>>,
    tools: {},
  });
  const app = openHttp(server, {
    env: { LOG_LEVEL: 'silent', GATEWAY_PATH: path, ...env },
    log: undefined,
  });
  onTestFinished(() => app.close());
  await app.started;
  return { app, write, path };
}
