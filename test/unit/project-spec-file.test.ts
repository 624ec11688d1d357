import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { parseSpecFile } from '../../src/project-spec/spec-file.js';

const SPEC = {
  name: 'my-server',
  description: `it's "x": {{y}}`,
  packageManager: 'npm',
  choices: { transport: ['stdio'], store: 'disk' },
};

async function problems(text: string, file = 'spec.json'): Promise<string[]> {
  const error: unknown = await parseSpecFile(text, file).catch((reason: unknown) => reason);
  if (!(error instanceof UsageError)) throw error;
  return error.problems.map(({ message, hint }) => `${message} | ${hint ?? ''}`);
}

describe('reads', () => {
  it('JSON', async () => {
    expect(await parseSpecFile(JSON.stringify(SPEC), 'spec.json')).toEqual(SPEC);
    expect(await parseSpecFile(`\ufeff${JSON.stringify(SPEC)}`, 'spec.json')).toEqual(SPEC);
    expect(await parseSpecFile(`  ${JSON.stringify(SPEC)}`, '-')).toEqual(SPEC);
  });

  it('YAML', async () => {
    const text = `name: my-server\nchoices:\n  transport: [stdio, http]\n  store: disk\n`;
    const expected = {
      name: 'my-server',
      choices: { transport: ['stdio', 'http'], store: 'disk' },
    };
    expect(await parseSpecFile(text, 'spec.yaml')).toEqual(expected);
    expect(await parseSpecFile(text, '-')).toEqual(expected);
    expect(await parseSpecFile('{ name: my-server }', 'spec.yml')).toEqual({ name: 'my-server' });
  });
});

describe('refuses', () => {
  it.each([
    ['spec.json', '{ "name": ', 'spec.json is not valid JSON: '],
    ['spec.yaml', 'a: [1', 'spec.yaml is not valid YAML: '],
    ['spec.yaml', 'name: a\nname: b', 'spec.yaml is not valid YAML: '],
    ['spec.json', '', 'spec.json is not valid JSON: '],
    ['spec.yaml', '', 'spec.yaml must contain an object; it contains nothing.'],
    ['spec.json', '[]', 'spec.json must contain an object; it contains something else.'],
    ['spec.json', '{"nmae":"x"}', 'spec.json: unknown key "nmae". | Did you mean name? Allowed: '],
    ['spec.json', '{"transport":"stdio"}', 'spec.json: unknown key "transport". | Allowed: '],
    ['spec.json', '{"__proto__":{}}', 'spec.json: unknown key "__proto__".'],
    ['spec.json', '{"generator":"1","spec":{}}', 'looks like a manifest'],
    ['spec.json', '{"name":1}', 'spec.json: name must be text.'],
    ['spec.yaml', 'name: 1.0', 'spec.yaml: name must be text.'],
    ['spec.json', '{"choices":[]}', 'spec.json: choices must be an object.'],
    ['spec.json', '{"choices":{"a":1}}', 'spec.json: choices.a must be text or a list of text.'],
    ['spec.json', '{"choices":{"a":["b",1]}}', 'spec.json: choices.a must be text or a list'],
  ])('%s: %s', async (file, text, expected) => {
    expect((await problems(text, file)).join('\n')).toContain(expected);
  });

  it('everything at once', async () => {
    const found = await problems('{"name":1,"foo":2,"choices":{"a":null}}');
    expect(found).toHaveLength(3);
  });
});
