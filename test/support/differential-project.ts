/** A project with tools, resources and prompts of all kinds, and the same without its fast way: there, the MCP SDK answers everything. */
import { builtProject } from './server.js';

const TOOLS = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { defineTool } from '../parts.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const make = (name: string, input: z.ZodObject, output: z.ZodObject, run: (input: any, ctx: any) => any, scopes?: string[]) =>
  defineTool({ name, title: name, description: name, input, output, annotations, run, ...(scopes && { scopes }) });
const Any = z.object({}).loose();

export const echo = make('echo', z.object({ text: z.string().max(50).default('nothing') }), z.object({ text: z.string() }), ({ text }) => ({ text }));
export const slow = make('slow', z.object({ ms: z.number().int().max(50).default(1) }), z.object({ ms: z.number() }), async ({ ms }, { signal }) => {
  await sleep(ms, undefined, { signal });
  return { ms };
});
export const strict = make('strict', z.strictObject({ n: z.number().int(), list: z.array(z.string()).max(3).optional() }), Any, (input) => input);
export const turned = make('turned', z.object({ n: z.string().transform(Number) }), z.object({ n: z.number() }), ({ n }) => ({ n }));
export const asked = make('asked', z.object({ n: z.number().refine(async (n) => n > 0) }), Any, (input) => input);
export const fails = make('fails', Any, Any, () => {
  throw new ToolError('NOPE', 'It does not work.', { retryable: true, retryAfter: 3, suggestions: ['Ask somebody else.'] });
});
export const wrong = make('wrong', Any, z.object({ n: z.number() }), () => ({ n: 'not a number' }));
export const nothing = make('nothing', Any, Any, () => undefined);
export const long = make('long', Any, z.object({ list: z.array(z.number()) }), () => ({ list: Array.from({ length: 5_000 }, (_, n) => n) }));
export const huge = make('huge', Any, z.object({ text: z.string() }), () => ({ text: 'x'.repeat(2_000_000) }));
export const odd = make('odd', Any, Any, () => ({ at: new Date(0), none: undefined, text: '\\u2028</script>\\u0000', nested: { a: [{}] } }));
export const steps = make('steps', Any, Any, async (_, { progress }) => {
  await progress(1, 2, 'half');
  return {};
});
export const form = make('form', Any, Any, (_, { elicit }) => ({ answer: elicit('Well?', z.object({ yes: z.boolean() })) ?? null }));
export const region = make('region', z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }), Any, (input) => input);
export const closed = make('closed', Any, Any, () => ({}), ['secret:read']);
export const chatty = make('chatty', Any, Any, async (_, { notify }) => {
  await notify('warning', { careful: true });
  return {};
});
export const could = make('could', Any, z.object({ list: z.array(z.string()) }), (_, { canAsk }) => ({ list: ['elicitation', 'sampling', 'roots'].filter((kind) => canAsk(kind)) }));
export const caller = make('caller', Any, z.object({ id: z.string() }), (_, { principal }) => ({ id: principal.id }));

const look = (name: string, run: () => any) => defineTool({ name, title: name, description: name, input: Any, annotations, run });
export const words = look('words', () => [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }]);
export const turnedWords = look('turned_words', () => [{ text: 'one', type: 'text' }]);
export const picture = look('picture', () => [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }]);
export const bad = look('bad', () => [{ type: 'text' }]);
`;

const RESOURCES = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { defineResource, defineResourceTemplate } from '../parts.js';

const make = (name: string, read: (ctx: any) => any, more: object = {}) =>
  defineResource({ name, uri: 'test://' + name, title: name, description: name, mimeType: 'text/plain', read, ...more });
const template = (name: string, uriTemplate: string, read: (variables: any, ctx: any) => any, more: object = {}) =>
  defineResourceTemplate({ name, uriTemplate, title: name, description: name, mimeType: 'text/plain', read, ...more });
const none = () => {
  throw new ToolError('NOT_FOUND', 'Not here.');
};

export const plain = make('plain', () => 'text\u2028');
export const cached = make('cached', () => 'text', { cacheSeconds: 60 });
export const bytes = make('bytes', () => new Uint8Array([1, 2, 255]));
export const gone = make('gone', none);
export const late = make('late', () => {
  throw new ToolError('STORE_UNAVAILABLE', 'Later.', { retryable: true, retryAfter: 3 });
});
export const broken = make('broken', () => {
  throw new Error('hunter2');
});
export const odd = make('odd', () => undefined);
export const large = make('large', () => 'x'.repeat(2_000_000));
export const slow = make('slow', async ({ signal }) => {
  await sleep(40, undefined, { signal });
  return 'late';
});
export const asks = make('asks', ({ elicit }) => String(elicit('Well?', z.object({ yes: z.boolean() }))?.yes));
export const chatty = make('chatty', async ({ notify, progress }) => {
  await notify('warning', { careful: true });
  await progress(1, 2);
  return 'done';
});
export const closed = make('closed', () => 'secret', { scopes: ['secret:read'] });
export const item = template('item', 'test://items/{id}', ({ id }) => 'item ' + id, {
  list: (_: any, { after }: any) =>
    Array.from({ length: 150 }, (__, n) => ({ uri: 'test://items/' + n, name: 'item ' + n })).slice(after ? 100 : 0),
});
export const file = template('file', 'test://files/{+path}', ({ path }) => 'file ' + path, { cacheSeconds: 5 });
export const both = template('both', 'test://{kind}/special', ({ kind }) => kind);
export const lost = template('lost', 'test://lost/{a}/{b}', none);
`;

const PROMPTS = `
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { definePrompt } from '../parts.js';

const make = (name: string, args: z.ZodObject, messages: (args: any, ctx: any) => any, more: object = {}) =>
  definePrompt({ name, title: name, description: name, args, messages, ...more });
const say = (text: string) => [{ role: 'user', content: { type: 'text', text } }];
const None = z.object({});

export const hello = make('hello', z.object({ who: z.string().min(1).describe('Who'), loud: z.string().optional() }), ({ who }) => say('Hello ' + who));
export const upper = make('upper', z.object({ text: z.string().transform((text) => text.toUpperCase()).default('none') }), ({ text }) => say(text));
export const awaited = make('awaited', z.object({ text: z.string().refine(async (text) => text !== 'no') }), ({ text }) => say(text));
export const empty = make('empty', None, () => []);
export const pictures = make('pictures', None, () => [{ role: 'assistant', content: { type: 'image', data: 'AAAA', mimeType: 'image/png' } }]);
export const refuses = make('refuses', None, () => {
  throw new ToolError('NOPE', 'No.', { retryable: true, retryAfter: 2 });
});
export const breaks = make('breaks', None, () => {
  throw new Error('hunter2');
});
export const nothing = make('nothing', None, () => undefined);
export const asks = make('asks', None, (_, { elicit }) => say(String(elicit('Well?', z.object({ yes: z.boolean() }))?.yes)));
export const chatty = make('chatty', None, async (_, { notify, progress }) => {
  await notify('info', 'hello');
  await progress(1);
  return say('done');
});
export const closed = make('closed', None, () => say('secret'), { scopes: ['secret:read'] });
export const number = make('42', None, () => say('42'));
`;

const FILES = { tools: TOOLS, resources: RESOURCES, prompts: PROMPTS };

/** The names in calls of `make`, `look` and `template`. */
const namesIn = (text: string) =>
  [...text.matchAll(/= (?:make|look)\('(\w+)'/g)].map(([, name = '']) => name);

export const RESOURCE_URIS = namesIn(RESOURCES).map((name) => `test://${name}`);
export const PROMPT_NAMES = namesIn(PROMPTS);
export const TOOL_NAMES = namesIn(TOOLS);

/** What finds nothing plain any more. */
const WITHOUT = [
  'function plainRequest(message: unknown): PlainRequest | undefined {',
  'function isPlainNotification(message: unknown): boolean {',
];

export function differentialProject(fast: boolean): Promise<string> {
  return builtProject({}, (files) => {
    for (const [room, text] of Object.entries(FILES)) {
      files.set(`src/${room}/differential.ts`, text);
      const barrel = files.get(`src/${room}/index.ts`);
      files.set(`src/${room}/index.ts`, `${barrel}export * from './differential.js';\n`);
    }
    if (fast) return;
    const path = 'src/kit/protocol/requests.ts';
    let source = String(files.get(path));
    for (const head of WITHOUT) {
      if (!source.includes(head)) throw new Error(`${path} has no ${head}`);
      const nothing = head.includes('boolean') ? 'false' : 'undefined';
      source = source.replace(head, `${head}\n  if (Date.now() > 0) return ${nothing};`);
    }
    files.set(path, source);
  });
}
