/** Shapes of `axis.json` and `feature.json`. Unknown keys are errors, so that a typo never goes unnoticed. */
import * as z from 'zod';

const capability = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and dashes');
const condition = z
  .string()
  .regex(/^!?[a-z][a-z0-9-]*(?:&!?[a-z][a-z0-9-]*)*$/, 'must be capabilities joined by &');
const texts = z.array(z.string()).default([]);
const record = z.record(z.string(), z.unknown());

const rule = z.strictObject({
  capability,
  because: z.string().min(1),
  instead: z.string().min(1),
});

const envVar = z.strictObject({
  name: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be upper case'),
  description: z.string().min(1),
  default: z.string().exactOptional(),
  example: z.string().exactOptional(),
  secret: z.boolean().exactOptional(),
  required: z.boolean().exactOptional(),
  when: condition.exactOptional(),
});

const credential = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('env'), variable: z.string(), match: z.string() }),
  z.strictObject({ from: z.literal('script'), args: z.array(z.string()).min(1) }),
  z.strictObject({
    from: z.literal('issuer'),
    env: z.record(z.string(), z.string()),
    metadata: z.string().startsWith('/'),
    type: z.string(),
  }),
]);

const smoke = z.strictObject({
  env: z.record(z.string(), z.string()).exactOptional(),
  call: z.strictObject({ tool: z.string(), arguments: record }).exactOptional(),
  badCall: z
    .strictObject({ tool: z.string(), arguments: record, field: z.string() })
    .exactOptional(),
  resource: z.string().exactOptional(),
  prompt: z
    .strictObject({
      name: z.string(),
      arguments: z.record(z.string(), z.string()).exactOptional(),
    })
    .exactOptional(),
  cleanup: z
    .strictObject({ tool: z.string(), arguments: z.record(z.string(), z.string()) })
    .exactOptional(),
  startStore: z.strictObject({ command: z.string(), when: capability }).exactOptional(),
});

/** Where to look in a feature folder, and for what. A file may be a glob, a key of JSON a path with dots. */
const way = z
  .string()
  .regex(
    /^(?:file|slot|key|package|provides|seeds) \S+$/,
    'must be file, slot, key, package, provides or seeds, and one word',
  );
const group = z.record(z.string().min(1), z.array(way).min(1));

export const featureSchema = z.strictObject({
  label: z.string().min(1),
  hint: z.string().default(''),
  order: z.number().default(50),
  exclusive: z.boolean().default(false),
  provides: z.array(capability).default([]),
  requires: z.array(rule).default([]),
  conflicts: z.array(rule).default([]),
  env: z.array(envVar).default([]),
  local: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  credential: credential.nullable().default(null),
  smoke: smoke.default({}),
  entry: z
    .strictObject({ kind: z.enum(['stdio', 'streamable-http']), script: z.string() })
    .nullable()
    .default(null),
  facts: record.default({}),
  seeds: texts,
  next: texts,
  /** Conditions: path in the feature folder (a folder ends in `/`) → capability. */
  when: z.record(z.string(), condition).default({}),
  /** Why it need not provide something: by group of its axis' "must", or one reason for everything. */
  exempt: z.union([z.string().min(10), z.record(z.string(), z.string().min(10))]).default({}),
});

export const axisSchema = z.strictObject({
  order: z.number(),
  question: z.string().min(1),
  help: z.string().min(1),
  multiple: z.boolean().default(false),
  asksWhen: condition.nullable().default(null),
  defaults: z
    .array(z.strictObject({ when: capability.exactOptional(), value: z.array(z.string()).min(1) }))
    .min(1),
  /** What each feature must provide: by group, in words, each with the ways to provide it of which one is enough. */
  must: z.record(z.string(), group).default({}),
});

export const packageSchema = record;

export type FeatureMeta = z.infer<typeof featureSchema>;
export type AxisMeta = z.infer<typeof axisSchema>;
