/** Tools that ask, wait and write, and what a client of 2025 that is written by hand does with their answers. */
import type { Answer } from './rpc.js';

const TOOLS = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const output = z.object({ said: z.string() });
const about = (name: string) => ({ name, title: name, description: name, annotations, output });

export const askPerson = defineTool({
  ...about('ask_person'),
  input: z.object({}),
  run(_, ctx) {
    const first = ctx.elicit('Your name?', z.object({ name: z.string() }));
    const second = ctx.elicit('Your colour?', z.object({ colour: z.string() }));
    return { said: first?.name + ' likes ' + second?.colour };
  },
});

export const askModel = defineTool({
  ...about('ask_model'),
  input: z.object({}),
  run(_, ctx) {
    const content = { type: 'text' as const, text: 'Say hello.' };
    const answer = ctx.sample({ messages: [{ role: 'user', content }], maxTokens: 10 });
    return { said: 'text' in answer.content ? String(answer.content.text) : '' };
  },
});

export const wait = defineTool({
  ...about('wait'),
  input: z.object({ ms: z.number(), word: z.string().default('') }),
  async run({ ms, word }, ctx) {
    ctx.signal.addEventListener('abort', () => ctx.log.warn({ word }, 'STOPPED WAITING'));
    for (let waited = 0; waited < ms; waited += 50) {
      await ctx.progress(waited, ms);
      await sleep(50, undefined, { signal: ctx.signal });
    }
    return { said: ctx.principal.id + word };
  },
});

export const write = defineTool({
  ...about('write'),
  input: z.object({}),
  scopes: ['notes:write'],
  run: () => ({ said: 'written' }),
});
`;

/** Adds them to the files of a project. */
export function addProbes(files: Map<string, string | Uint8Array>): void {
  files.set('src/tools/probes.ts', TOOLS);
  const barrel = files.get('src/tools/index.ts');
  files.set('src/tools/index.ts', `${barrel}export * from './probes.js';\n`);
}

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'by-hand', version: '1.0.0' },
  },
};

export const call = (name: string, args: object = {}, id: string | number = 7) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, _meta: { progressToken: 'p' } },
});

export const messagesIn = (text: string): Answer[] =>
  [...text.matchAll(/^data: (\{.+)$/gm)].map(([, data = '']) => JSON.parse(data));

/** The answer at the end of a stream. */
export async function answerOf(response: Response): Promise<Answer | undefined> {
  return messagesIn(await response.text()).at(-1);
}

export const said = (answer: Answer | undefined) => answer?.result?.structuredContent?.['said'];

/** Reads until something has come. */
export async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  let text = '';
  const reader = response.body?.getReader();
  while (reader !== undefined && !pattern.test(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString();
  }
  reader?.releaseLock();
  return text;
}
