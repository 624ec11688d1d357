/** `--spec FILE`: the answers from a JSON or YAML file, in the shape of the manifest's `spec`. */

import { type Problem, UsageError } from '../errors.js';
import { isObject } from '../is-object.js';
import type { SpecInput } from '../model.js';
import { didYouMean } from '../text/did-you-mean.js';

const KEYS = ['name', 'description', 'packageManager', 'choices'] as const;
const EXAMPLE = 'for example: { "name": "my-server", "choices": { "transport": ["stdio"] } }';

/**
 * Reads a spec file. `fileName` is for messages and tells JSON from YAML where it can.
 * Throws a `UsageError` that names the file and every key that is wrong.
 */
export async function parseSpecFile(text: string, fileName: string): Promise<SpecInput> {
  const value = await parseJsonOrYaml(text, fileName);
  if (!isObject(value)) {
    const found = value === null || value === undefined ? 'nothing' : 'something else';
    throw new UsageError([
      {
        message: `${fileName} must contain an object; it contains ${found}.`,
        hint: `Write ${EXAMPLE}`,
      },
    ]);
  }
  const problems: Problem[] = [];
  for (const key of Object.keys(value)) {
    if (!(KEYS as readonly string[]).includes(key)) problems.push(unknownKey(fileName, key, value));
  }
  for (const key of ['name', 'description', 'packageManager'] as const) {
    const text = value[key];
    if (text !== undefined && typeof text !== 'string') problems.push(wrong(fileName, key, 'text'));
  }
  const { choices } = value;
  if (choices !== undefined && !isObject(choices)) {
    problems.push(wrong(fileName, 'choices', 'an object'));
  } else {
    for (const [axis, ids] of Object.entries(choices ?? {})) {
      const list = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
      if (typeof ids !== 'string' && !list) {
        problems.push(wrong(fileName, `choices.${axis}`, 'text or a list of text'));
      }
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return value as SpecInput;
}

async function parseJsonOrYaml(text: string, fileName: string): Promise<unknown> {
  const isJson = /\.json$/i.test(fileName) || text.trimStart().startsWith('{');
  const isYaml = /\.ya?ml$/i.test(fileName);
  try {
    if (isJson && !isYaml) return JSON.parse(text.replace(/^\ufeff/, ''));
    const { parseYaml } = await import('../text/yaml.js');
    return parseYaml(text);
  } catch (error) {
    const reason = String((error as Error).message).split('\n')[0];
    throw new UsageError([
      {
        message: `${fileName} is not valid ${isJson && !isYaml ? 'JSON' : 'YAML'}: ${reason}`,
        hint: `Fix the file; it must contain an object, ${EXAMPLE}`,
      },
    ]);
  }
}

function unknownKey(fileName: string, key: string, value: Record<string, unknown>): Problem {
  if (key === 'spec' && isObject(value[key])) {
    return {
      message: `${fileName}: "spec" is not a key of a spec file.`,
      hint: 'This looks like a manifest; use only the value of its "spec".',
    };
  }
  const near = didYouMean(key, KEYS);
  const allowed = `Allowed: ${KEYS.join(', ')}.`;
  return {
    message: `${fileName}: unknown key ${JSON.stringify(key)}.`,
    hint: near === undefined ? allowed : `Did you mean ${near}? ${allowed}`,
  };
}

function wrong(fileName: string, key: string, expected: string): Problem {
  return { message: `${fileName}: ${key} must be ${expected}.`, hint: `Write ${EXAMPLE}` };
}
