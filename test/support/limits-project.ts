/** A server whose limits are attacked, with tools that are slow, large or broken. */
import { randomUUID } from 'node:crypto';
import type { SpecInput } from '../../src/model.js';
import { KEYS, type McpRequest, messageOf, modern, send } from './hostile-project.js';
import { builtProject, type RunningHttp, startHttp } from './server.js';

const PROBES = `
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const common = {
  title: 'Probe',
  description: 'For the tests.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
};

export const echo = defineTool({
  ...common,
  name: 'echo',
  input: z.object({}),
  output: z.object({ ok: z.boolean() }),
  run: () => ({ ok: true }),
});

export const few = defineTool({ ...echo, name: 'few', limits: { perMinute: 3 } });

export const wait = defineTool({
  ...echo,
  name: 'wait',
  input: z.object({ ms: z.number() }),
  run: ({ ms }, { signal, log }) =>
    new Promise((resolve) => {
      log.info('work started');
      const timer = setTimeout(() => resolve({ ok: true }), ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        log.info('work aborted');
      });
    }),
});

export const rows = defineTool({
  ...common,
  name: 'rows',
  input: z.object({ count: z.number(), width: z.number() }),
  output: z.object({ rows: z.array(z.object({ id: z.number(), text: z.string() })), note: z.string() }),
  run: ({ count, width }) => ({
    note: 'äöü 🎉',
    rows: Array.from({ length: count }, (_, id) => ({ id, text: '🎉'.repeat(width) })),
  }),
});

export const blob = defineTool({
  ...common,
  name: 'blob',
  input: z.object({ bytes: z.number() }),
  output: z.object({ text: z.string() }),
  run: ({ bytes }) => ({ text: 'x'.repeat(bytes) }),
});

export const far = defineTool({
  ...common,
  name: 'far',
  input: z.object({}),
  output: z.object({}),
  async run(_, { signal }) {
    await fetch('http://no-such-host.invalid/?token=MARKED', { signal });
    return {};
  },
});

export const ask = defineTool({
  ...common,
  name: 'ask',
  input: z.object({ url: z.string() }),
  output: z.object({}),
  async run({ url }, { signal }) {
    await (await fetch(url, { signal })).text();
    return {};
  },
});
`;

const RESOURCES = `
import { defineResource } from '../parts.js';

export const wide = defineResource({
  name: 'wide',
  title: 'Wide',
  description: 'For the tests.',
  mimeType: 'text/plain',
  uri: 'probe://wide',
  read: () => 'x'.repeat(5_000),
});
`;

/** The folder of the built project. */
export function limitsProject(choices: SpecInput['choices'] = {}): Promise<string> {
  const all = { starter: 'minimal', transport: ['http'], auth: 'api-key', ...choices };
  return builtProject(all, (files) => {
    const add = (kind: string, source: string, names: string) => {
      const barrel = `src/${kind}/index.ts`;
      files.set(`src/${kind}/probes.ts`, source);
      files.set(barrel, `${files.get(barrel)}export { ${names} } from './probes.js';\n`);
    };
    add('tools', PROBES, 'ask, blob, echo, far, few, rows, wait');
    add('resources', RESOURCES, 'wide');
  });
}

/** A client that no other test has, so that its limits in a shared Redis are its own. */
export function newClient(): string {
  return `client-${randomUUID()}`;
}

/** Starts the project for clients with the keys of `alice` (named `client`) and `bob`. */
export function startLimited(
  project: string,
  env: Readonly<Record<string, string>> = {},
  client = newClient(),
): Promise<RunningHttp> {
  return startHttp(project, {
    MCP_API_KEYS: `${client}:${KEYS.alice},bob-of-${client}:${KEYS.bob}`,
    ...env,
  });
}

type Era = typeof modern;

/** Calls a tool and says in one word how that ended: `ok`, the code of the tool's error, or the HTTP status. */
export async function outcome(
  port: number,
  tool: string,
  args: Readonly<Record<string, unknown>> = {},
  { era = modern, ...request }: McpRequest & { era?: Era } = {},
): Promise<string> {
  const message = era('tools/call', { name: tool, arguments: args });
  const headers = { ...message.headers, ...request.headers };
  const response = await send(port, { body: message.body, ...request, headers });
  if (response.status !== 200) return String(response.status);
  return outcomeOf(messageOf(response));
}

export function outcomeOf(answer: unknown): string {
  const { result, error } = answer as {
    result?: { isError?: boolean; _meta?: { error?: { code: string } } };
    error?: { message: string };
  };
  if (error !== undefined) return error.message;
  return result?.isError ? (result._meta?.error?.code ?? JSON.stringify(result)) : 'ok';
}

/** How often each outcome occurs. */
export function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

/** Does the same several times at once. */
export function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, work));
}
