import { describe, expect, test } from 'vitest';
import { isSafeTemplate } from '../../src/gateway/forwarded.js';
import { parseGateway } from '../../src/gateway/gateway-file.js';

/** How `gateway.yaml` names a setting. */
const setting = (name: string) => `\${${name}}`;

const problems = (lines: string) => {
  const parsed = parseGateway(`upstreams:\n${lines}`, { TOKEN: 's3cret', UNSET: undefined });
  return 'problems' in parsed ? parsed.problems : [];
};

test.each([
  ['  Clock:\n    command: x\n', '2: upstreams.Clock: Clock cannot be a prefix'],
  ['  a_b:\n    command: x\n', '2: upstreams.a_b: a_b cannot be a prefix'],
  ['  a: {}\n', '2: upstreams.a: needs either command'],
  ['  a:\n    command: x\n    instances: [http://x]\n', '2: upstreams.a: needs either command'],
  ['  a:\n    instances: [ftp://x]\n', '3: upstreams.a.instances.0: must be a URL'],
  [
    '  a:\n    instances: [http://x, http://x]\n',
    '3: upstreams.a.instances: names an instance twice',
  ],
  ['  a:\n    command: x\n    headers: { b: c }\n', '4: upstreams.a.headers: belongs to instances'],
  [
    '  a:\n    instances: [http://x]\n    env: { b: c }\n',
    '4: upstreams.a.env: belongs to command',
  ],
  ['  a:\n    command: x\n    timeoutMs: 5\n', '4: upstreams.a.timeoutMs:'],
  ['  a:\n    command: x\n    colour: red\n', '4: upstreams.a.colour: is not known'],
  [`  a:\n    command: ${setting('OTHER')}\n`, '3: upstreams.a.command: OTHER is not a setting'],
  [
    `  a:\n    command: ${setting('UNSET')}\n`,
    '3: upstreams.a.command: the setting UNSET is not set',
  ],
  ['  a:\n    command: x\n    tools: ["a*b"]\n', '4: upstreams.a.tools.0: must be a name'],
  ['  a:\n    command: x\n    pins: { b: c }\n', '4: upstreams.a.pins.b: must be sha256-'],
])('%j is refused with its line', (lines, problem) => {
  expect(problems(lines).join('\n')).toContain(problem);
});

test('a setting stands where it is named, and in no problem', () => {
  const parsed = parseGateway(
    `upstreams:\n  a:\n    instances: [http://x]\n    headers: { authorization: "Bearer ${setting('TOKEN')}" }\n`,
    { TOKEN: 's3cret' },
  );
  expect(parsed).toMatchObject({
    value: { upstreams: { a: { headers: { authorization: 'Bearer s3cret' } } } },
  });
  expect(problems(`  a:\n    instances: ["${setting('TOKEN')}"]\n`).join('\n')).not.toContain(
    's3cret',
  );
});

describe('a URI template', () => {
  test.each(['x://{a}', 'x://{a}/{b}', 'x://a/{+rest}', 'x://all'])('%s is safe', (template) => {
    expect(isSafeTemplate(template)).toBe(true);
  });

  test.each(['x://{+a}{+b}', 'x://{+a}/b', 'x://{a}b{c}', 'x://{?q}', 'x://{a'])(
    '%s is not',
    (template) => {
      expect(isSafeTemplate(template)).toBe(false);
    },
  );
});
