/** The only helpers templates have: one per encoder, `times`, and `each`, `if`, `unless` in a strict form. */
import * as encoders from '../text/encoders.js';
import { handlebars } from './handlebars.js';
import { UserText } from './user-text.js';

type Helper = (this: unknown, ...args: unknown[]) => unknown;

/** `value` as text; throws on anything a template should not print. */
function text(helper: string, value: unknown): string {
  if (value instanceof UserText) return UserText.reveal(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`{{${helper} …}} was given ${describe(value)}; it takes text.`);
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined (is the name right?)';
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** Handlebars passes its options object last. */
function only(helper: string, args: readonly unknown[], count: number): readonly unknown[] {
  const given = args.slice(0, -1);
  if (given.length !== count) {
    throw new Error(`{{${helper} …}} takes ${count} argument(s), not ${given.length}.`);
  }
  return given;
}

const encoder =
  (name: string, encode: (value: string) => string): Helper =>
  (...args) => {
    const [value] = only(name, args, 1);
    return encode(text(name, value));
  };

/** Handlebars' `strict` mode does not look at the arguments of helpers, so these do. */
const defined = (name: string): Helper => {
  const original = handlebars.helpers[name] as Helper;
  return function (...args) {
    const [value] = only(name, args, 1);
    if (value === undefined) throw new Error(`{{#${name} …}} was given ${describe(value)}.`);
    return original.apply(this, args);
  };
};

export const helpers: Readonly<Record<string, Helper>> = {
  json: (...args) => {
    const [value] = only('json', args, 1);
    if (value === undefined) throw new Error(`{{json …}} was given ${describe(value)}.`);
    return encoders.json(value instanceof UserText ? UserText.reveal(value) : value);
  },
  yaml: encoder('yaml', encoders.yaml),
  toml: encoder('toml', encoders.toml),
  ts: encoder('ts', encoders.ts),
  md: encoder('md', encoders.md),
  sh: encoder('sh', encoders.sh),
  comment: encoder('comment', encoders.comment),
  dockerfile: encoder('dockerfile', encoders.dockerfile),
  tsProperty: (...args) => {
    const [indent, key, value] = only('tsProperty', args, 3);
    if (typeof indent !== 'number') throw new Error('{{tsProperty …}}: the indent is a number.');
    return encoders.tsProperty(indent, text('tsProperty', key), text('tsProperty', value));
  },
  times: (...args) => {
    const [a, b] = only('times', args, 2);
    if (typeof a !== 'number' || typeof b !== 'number')
      throw new Error('{{times …}} takes numbers.');
    return a * b;
  },
  each: defined('each'),
  if: defined('if'),
  unless: defined('unless'),
};
