import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { checkName, primitiveNames } from '../../src/add/names.js';
import { type Param, parseParam } from '../../src/add/params.js';
import { renderTool, type ToolDraft } from '../../src/add/render-tool.js';
import { getCatalog } from '../../src/catalog/index.js';
import { biome } from '../support/biome.js';

const { tool: blueprints = {} } = (await getCatalog()).blueprints;

function draft(
  name: string,
  params: readonly string[],
  description = 'Does it.',
  scopes: readonly string[] = [],
): ToolDraft {
  const parsed = params.map((text) => {
    const param = parseParam(text);
    if ('problem' in param) throw new Error(param.problem);
    return param;
  });
  return { ...primitiveNames(name), description, params: parsed, readOnly: false, scopes };
}

test('a tool and its test', () => {
  const params = ['customer:string:Customer id', 'limit:int=20', 'state:enum(open,paid)?'];
  const { tool, test: testText } = renderTool(draft('search_orders', params), blueprints);
  expect(tool).toContain(`const Input = z.object({
  customer: z.string().describe('Customer id'),
  limit: z.int().default(20),
  state: z.enum(['open', 'paid']).optional(),
});

export const searchOrders = defineTool({
  name: 'search_orders',
  title: 'Search orders',
  description: 'Does it.',
  input: Input,
`);
  expect(testText).toContain(
    `await callTool(app, 'search_orders', { customer: 'example' });
  expect(result.structuredContent).toEqual({ received: { customer: 'example', limit: 20 } });`,
  );
  expect(testText).toContain(`{ customer: 42 }`);
});

test('a tool without parameters has no test for wrong ones, and no import for it', () => {
  const { tool, test: testText } = renderTool(draft('ping', []), blueprints);
  expect(tool).toContain('const Input = z.object({});');
  expect(testText).toContain(`import { callTool } from '../../src/kit/testing/client.js';`);
  expect(testText).toContain('toEqual({ received: {} })');
  expect(testText).not.toContain('wrong');
});

test('a tool with scopes has a test that others are refused, one without has neither', () => {
  const scopes = ['orders:read', "it's"];
  const { tool, test: testText } = renderTool(draft('ping', [], 'Does it.', scopes), blueprints);
  expect(tool).toContain(`  },
  scopes: ['orders:read', "it's"],
  async run(input) {`);
  expect(testText).toContain(`callTool(app, 'ping', {}, stranger)`);
  const plain = renderTool(draft('ping', []), blueprints);
  expect(plain.tool).not.toContain('scopes');
  expect(plain.test).not.toContain('stranger');
});

test('text stays text', async () => {
  const text = `'"\`\${x} {{y}} $& \\ */ 🎉\n\u2028`;
  const { tool } = renderTool(draft('x_y', [`a:string:${text}`], text), blueprints);
  const literals = [...tool.matchAll(/(?:description: |describe\()('(?:[^'\\]|\\.)*')/gs)];
  expect(literals).toHaveLength(2);
  for (const [, literal = ''] of literals) {
    expect(new Function(`return ${literal}`)().trim()).toBe(text.trim());
  }
});

const word = fc.constantFrom(
  'a',
  'bb',
  "it's",
  '"q"',
  '日本',
  '🎉',
  '`x`',
  '{{z}}',
  '\\n',
  'long-word',
);
const sentence = fc.array(word, { minLength: 1, maxLength: 22 }).map((words) => words.join(' '));
const params: fc.Arbitrary<Param> = fc
  .record({
    name: fc.stringMatching(/^[a-z_][a-zA-Z0-9_]{0,24}$/),
    type: fc.constantFrom('string', 'int', 'number', 'bool', 'enum'),
    words: fc.uniqueArray(sentence, { minLength: 1, maxLength: 9 }),
    numbers: fc.array(fc.integer(), { maxLength: 30 }),
    list: fc.boolean(),
    kind: fc.constantFrom('required', 'optional', 'default'),
    description: fc.option(sentence, { nil: undefined }),
  })
  .map(({ name, type, words, numbers, list, kind, description }): Param => {
    const values = {
      string: words,
      enum: words,
      int: numbers,
      number: numbers.map((n) => n / 8),
      bool: numbers.map((n) => n > 0),
    }[type];
    const single = values[0] ?? (type === 'bool' ? true : 1);
    return {
      name,
      type,
      members: type === 'enum' ? words : [],
      list,
      optional: kind === 'optional',
      default: kind === 'default' ? (list ? values : single) : undefined,
      description,
    };
  });

test('whatever the parameters, Biome has nothing to change', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'add-tool-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'src'));
  cpSync('templates/base/files/biome.json', path.join(folder, 'biome.json'));
  const drafts = fc.sample(
    fc.record({
      name: fc
        .stringMatching(/^[a-z][a-z0-9]{0,20}(_[a-z0-9]{1,20}){0,2}$/)
        .filter((name) => checkName(name) === null),
      description: sentence,
      params: fc.uniqueArray(params, { maxLength: 4, selector: ({ name }) => name }),
      readOnly: fc.boolean(),
      scopes: fc.uniqueArray(fc.stringMatching(/^[!-~]{1,40}$/), { maxLength: 5 }),
    }),
    { numRuns: 400, seed: 7 },
  );
  for (const [index, one] of drafts.entries()) {
    const { tool, test: testText } = renderTool(
      { ...primitiveNames(one.name), ...one },
      blueprints,
    );
    writeFileSync(path.join(folder, 'src', `${index}.ts`), tool);
    writeFileSync(path.join(folder, 'src', `${index}.test.ts`), testText);
  }
  const { code, output } = await biome(
    folder,
    'check',
    '--vcs-enabled=false',
    '--max-diagnostics=5',
    'src',
  );
  expect(output).toContain('Checked 800 files');
  expect(output).not.toContain('Found');
  expect(code).toBe(0);
}, 30_000);
