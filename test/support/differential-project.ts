/** A project with tools of all kinds, and the same without its fast way: there, the MCP SDK answers everything. */
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

export const TOOL_NAMES = [...TOOLS.matchAll(/(?:make|look)\('(\w+)'/g)].map(
  ([, name = '']) => name,
);

/** `plainRequest` finds nothing plain any more. */
const WITHOUT = [
  'function plainRequest(message: unknown): PlainRequest | undefined {',
  'Date.now() > 0',
];

export function differentialProject(fast: boolean): Promise<string> {
  return builtProject({}, (files) => {
    files.set('src/tools/differential.ts', TOOLS);
    const barrel = files.get('src/tools/index.ts');
    files.set('src/tools/index.ts', `${barrel}export * from './differential.js';\n`);
    if (fast) return;
    const path = 'src/kit/protocol/requests.ts';
    const [head = '', always = ''] = WITHOUT;
    const source = String(files.get(path));
    if (!source.includes(head)) throw new Error(`${path} has no ${head}`);
    files.set(path, source.replace(head, `${head}\n  if (${always}) return undefined;`));
  });
}
