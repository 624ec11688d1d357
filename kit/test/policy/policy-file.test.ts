import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Changes } from '../../src/definitions/definitions.js';
import { nodeHost } from '../../src/host/node/host.js';
import { policyFile } from '../../src/policy/policy-file.js';
import { memoryState } from '../../src/state/memory.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { openPart } from '../support/app.js';
import { newFolder } from '../support/folder.js';
import { newPolicyFile } from '../support/policy.js';

/** The second between two looks at the file. `look` lets it pass, and resolves when the file has been looked at. */
const pause = vi.hoisted(() => {
  let end = () => {};
  let begun = () => {};
  return {
    begin() {
      begun();
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    },
    look() {
      return new Promise<void>((resolve) => {
        begun = resolve;
        end();
      });
    },
  };
});
vi.mock('node:timers/promises', () => ({ setTimeout: pause.begin }));
const { look } = pause;

const NOBODY = 'roles: {}\n';
const EVERYBODY = 'roles:\n  all:\n    everyone: true\n    allowed_tools: ["*"]\n';

function open(path: string) {
  const log = createLogger(nodeHost, 'silent', 'test');
  const error = vi.spyOn(log, 'error');
  const changes = new Changes();
  const told: string[] = [];
  changes.listen(({ kind }) => told.push(kind));
  const state = { ...memoryState(), changes };
  const policy = openPart(policyFile(), { POLICY_PATH: path }, { log, state });
  onTestFinished(() => policy.close());
  const mayCall = () => policy.accessOf({ id: 'bob', scopes: [] }).allows('tool', 'anything');
  const problems = () =>
    error.mock.calls.map(([fields]) => String((fields as { problems: unknown }).problems));
  return { told, mayCall, problems };
}

test('a new text counts at the second look, and those who listen are told', async () => {
  const file = newPolicyFile(NOBODY);
  const { mayCall, told } = open(file);
  expect(mayCall()).toBe(false);
  renameSync(newPolicyFile(EVERYBODY), file);
  await look();
  expect(mayCall()).toBe(false);
  await look();
  expect(mayCall()).toBe(true);
  expect(told).toEqual(['tools_list_changed', 'resources_list_changed', 'prompts_list_changed']);
  await look();
  expect(told).toHaveLength(3);
});

test('a file that is found half written does not count', async () => {
  const whole = `${EVERYBODY}    denied_tools: ["*"]\n`;
  const file = newPolicyFile(whole);
  const { mayCall, told } = open(file);
  for (let round = 0; round < 3; round += 1) {
    writeFileSync(file, EVERYBODY);
    await look();
    expect(mayCall()).toBe(false);
    writeFileSync(file, whole);
    await look();
    await look();
    expect(mayCall()).toBe(false);
  }
  expect(told).toEqual([]);
});

test('a file behind a symbolic link that is exchanged counts', async () => {
  const link = join(newFolder('mount'), 'policy.yaml');
  symlinkSync(newPolicyFile(NOBODY), link);
  const { mayCall } = open(link);
  symlinkSync(newPolicyFile(EVERYBODY), `${link}.new`);
  renameSync(`${link}.new`, link);
  await look();
  await look();
  expect(mayCall()).toBe(true);
});

test.each([
  ['broken', 'roles: [', /:1: /],
  ['empty', '', /:1: /],
  ['an alias bomb', bomb(), /:1: /],
  [
    'about a tool that is not there',
    `${EVERYBODY}  more: { allowed_tools: [gone] }\n`,
    /:5: .*gone/,
  ],
  ['gone', undefined, /policy\.yaml/],
])('the policy stays when the new file is %s, and the log says why', async (_, text, reason) => {
  const file = newPolicyFile(EVERYBODY);
  const { mayCall, problems, told } = open(file);
  if (text === undefined) rmSync(file);
  else writeFileSync(file, text);
  for (let n = 0; n < 3; n += 1) await look();
  expect(problems()).toEqual([expect.stringMatching(reason)]);
  expect(mayCall()).toBe(true);
  expect(told).toEqual([]);
  writeFileSync(file, NOBODY);
  await look();
  await look();
  expect(mayCall()).toBe(false);
});

function bomb(): string {
  const lines = [...'abcdefghij'].map((name, n, names) => {
    const before = names[n - 1];
    const items = Array.from({ length: 10 }, () => (before ? `*${before}` : 'x'));
    return `${name}: &${name} [${items.join(', ')}]`;
  });
  return lines.join('\n');
}
