/** From the parameters of a tool to the zod schema of its input, and to arguments for its test. */
import { ts } from '../text/encoders.js';
import { type Call, type Expression, object, text } from './expression.js';
import type { Param, ParamValue } from './params.js';

const literal = (value: string | number | boolean): Expression =>
  text(typeof value === 'string' ? ts(value) : String(value));

/** A value as a TypeScript expression. */
export function valueExpression(value: ParamValue): Expression {
  if (typeof value !== 'object') return literal(value);
  const numbers = value.every((item) => typeof item === 'number');
  return { kind: 'list', items: value.map(literal), numbers };
}

const SCALARS = {
  string: 'string',
  int: 'int',
  number: 'number',
  bool: 'boolean',
  enum: 'enum',
} as const;

const zod = (...calls: readonly Call[]): Expression => ({ kind: 'chain', head: 'z', calls });

/** `z.int().default(20).describe('How many')` */
function paramSchema(param: Param): Expression {
  const args = param.type === 'enum' ? [valueExpression(param.members)] : [];
  const scalar: Call = { name: SCALARS[param.type], args };
  const calls: Call[] = [param.list ? { name: 'array', args: [zod(scalar)] } : scalar];
  if (param.default !== undefined) {
    calls.push({ name: 'default', args: [valueExpression(param.default)] });
  }
  if (param.optional) calls.push({ name: 'optional', args: [] });
  if (param.description !== undefined) {
    calls.push({ name: 'describe', args: [literal(param.description)] });
  }
  return zod(...calls);
}

/** `z.object({ … })` with a property for each parameter. */
export function inputSchema(params: readonly Param[]): Expression {
  const entries = params.map((param) => [param.name, paramSchema(param)] as const);
  return zod({ name: 'object', args: [object(entries, true)] });
}

/** A value that the parameter accepts, for the generated test. */
export function sampleValue(param: Param): ParamValue {
  const samples = {
    string: 'example',
    int: 1,
    number: 1.5,
    bool: true,
    enum: param.members[0] ?? '',
  } as const;
  const sample = samples[param.type];
  return param.list ? [sample] : sample;
}

/** A value that the parameter refuses. */
export function wrongValue(param: Param): ParamValue {
  if (param.list) return 'not a list';
  return param.type === 'string' ? 42 : 'not valid';
}
