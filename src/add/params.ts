import type { Problem } from '../errors.js';

export type ScalarType = 'string' | 'int' | 'number' | 'bool' | 'enum';
export type ParamValue = string | number | boolean | readonly (string | number | boolean)[];

/** One parameter of a tool. */
export interface Param {
  readonly name: string;
  readonly type: ScalarType;
  /** Members of an `enum`, else empty. */
  readonly members: readonly string[];
  readonly list: boolean;
  readonly optional: boolean;
  readonly default: ParamValue | undefined;
  readonly description: string | undefined;
}

const EXAMPLE = 'For example --param "limit:int=20:How many".';
const NAME = /^[A-Za-z_][A-Za-z\d_]{0,63}$/;
const TYPE = /^(string|int|number|bool|enum)(?:\(([^()]*)\))?(\[\])?/;
const LITERAL = /^(?:"(?:[^"\\]|\\.)*"|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])/;

/**
 * Reads `--param` values. Grammar: `name:type[?|=default][:description]`. A default ends at the next colon; one that
 * contains a colon is written as JSON (`="a:b"`), and so is a list (`=["a","b"]`).
 * Returns every problem of every parameter.
 */
export function parseParams(texts: readonly string[]): { params: Param[]; problems: Problem[] } {
  const params: Param[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const text of texts) {
    const result = parseParam(text);
    if ('problem' in result) {
      problems.push({
        message: `--param ${JSON.stringify(text)}: ${result.problem}`,
        hint: EXAMPLE,
      });
    } else if (seen.has(result.name)) {
      problems.push({ message: `The parameter ${JSON.stringify(result.name)} is given twice.` });
    } else {
      seen.add(result.name);
      params.push(result);
    }
  }
  return { params, problems };
}

/** Reads one parameter; `problem` is a sentence that says what is wrong with it. */
export function parseParam(text: string): Param | { problem: string } {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!NAME.test(name)) {
    return {
      problem:
        'start with a name (a letter or _, then letters, digits and _, at most 64), a colon and the type.',
    };
  }
  if (name === 'prototype' || name in Object.prototype) {
    return { problem: `${name} is a member of every JavaScript object.` };
  }
  const type = TYPE.exec(text.slice(colon + 1));
  if (colon < 0 || !type) {
    return {
      problem:
        'the type must be string, int, number, bool or enum(a,b), or one of them followed by [].',
    };
  }
  const scalar = type[1] as ScalarType;
  const members = parseMembers(scalar, type[2]);
  if ('problem' in members) return members;

  const shape = { name, type: scalar, members: members.list, list: type[3] !== undefined };
  let rest = text.slice(colon + 1 + type[0].length);
  const optional = rest.startsWith('?');
  if (optional) rest = rest.slice(1);
  let fallback: ParamValue | undefined;
  if (rest.startsWith('=')) {
    if (optional) return { problem: 'a default already makes it optional; remove the ?.' };
    const raw = LITERAL.exec(rest.slice(1))?.[0] ?? /^[^:]*/.exec(rest.slice(1))?.[0] ?? '';
    const value = parseDefault(shape, raw);
    if (typeof value === 'object' && 'problem' in value) return value;
    fallback = value;
    rest = rest.slice(1 + raw.length);
  }
  if (rest !== '' && !rest.startsWith(':')) {
    return { problem: `${JSON.stringify(rest)} is unexpected; put a colon before a description.` };
  }
  const description = rest.slice(1).trim();
  return { ...shape, optional, default: fallback, description: description || undefined };
}

function parseMembers(
  type: ScalarType,
  inside: string | undefined,
): { list: string[] } | { problem: string } {
  if (type !== 'enum') {
    return inside === undefined
      ? { list: [] }
      : { problem: `${type} takes no values in parentheses.` };
  }
  const list = (inside ?? '').split(',').map((member) => member.trim());
  if (list.some((member) => member === '')) {
    return { problem: 'an enum lists its values, separated by commas: enum(open,paid).' };
  }
  if (new Set(list).size !== list.length) return { problem: 'the enum lists a value twice.' };
  return { list };
}

type Shape = Pick<Param, 'type' | 'members' | 'list'>;

function parseDefault(shape: Shape, raw: string): ParamValue | { problem: string } {
  if (!shape.list) return parseScalar(shape, raw.startsWith('"') ? unquote(raw) : raw);
  let items: unknown;
  try {
    items = JSON.parse(raw);
  } catch {
    items = null;
  }
  if (!Array.isArray(items)) {
    return { problem: `the default of a list is a JSON list, not ${JSON.stringify(raw)}.` };
  }
  const values: (string | number | boolean)[] = [];
  for (const item of items) {
    const value = parseScalar(shape, typeof item === 'string' ? item : JSON.stringify(item));
    if (typeof value === 'object') return value;
    values.push(value);
  }
  return values;
}

function unquote(raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw;
  }
}

function parseScalar(
  { type, members }: Shape,
  text: string,
): string | number | boolean | { problem: string } {
  const shown = JSON.stringify(text);
  switch (type) {
    case 'string':
      return text;
    case 'bool':
      if (text === 'true' || text === 'false') return text === 'true';
      return { problem: `the default of a bool is true or false, not ${shown}.` };
    case 'enum':
      if (members.includes(text)) return text;
      return { problem: `the default ${shown} is not one of ${members.join(', ')}.` };
    case 'int': {
      const value = Number(text);
      if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
      return { problem: `the default ${shown} is not a whole number.` };
    }
    case 'number': {
      const value = Number(text);
      if (/^-?\d/.test(text) && Number.isFinite(value)) return value === 0 ? 0 : value;
      return { problem: `the default ${shown} is not a number.` };
    }
  }
}
