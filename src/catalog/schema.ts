/**
 * The shapes of `axis.json` and `feature.json`, and the only definition of their types (`types.ts` derives them). Unknown
 * keys are errors, so that a typo never goes unnoticed.
 */
import * as z from 'zod';

const capability = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and dashes');
const condition = z
  .string()
  .regex(/^!?[a-z][a-z0-9-]*(?:&!?[a-z][a-z0-9-]*)*$/, 'must be capabilities joined by &');
const texts = z.array(z.string()).default([]);
const textRecord = z.record(z.string(), z.string());
const record = z.record(z.string(), z.unknown());

/** A rule between choices; `because` and `instead` are sentences for the person whose choices violate it. */
const rule = z.strictObject({
  capability,
  because: z.string().min(1),
  instead: z.string().min(1),
});

/** One environment variable of the generated server, as documented in its `.env.example` and `docs/settings.md`. */
const envVar = z
  .strictObject({
    name: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be upper case'),
    description: z.string().min(1),
    /** The documented default; `{name}` is the project's name. Absent when there is none. */
    default: z.string().exactOptional(),
    /** A sample value for variables without a default. */
    example: z.string().exactOptional(),
    /** Its value wherever the server runs in a container; `{name}` as above. */
    container: z.string().exactOptional(),
    /** Its value in compose.yaml, where it differs: the address of a service there. */
    compose: z.string().exactOptional(),
    /** What an owner sets when the server is deployed, as text in double quotes of a shell, and a command before it. */
    deploy: z.string().exactOptional(),
    prepare: z.string().exactOptional(),
    /** Its value must not appear in a manifest or a log. */
    secret: z.boolean().exactOptional(),
    /** The server does not start without it, or without one of those that are `oneOf`. */
    required: z.boolean().exactOptional(),
    oneOf: z.boolean().exactOptional(),
    /** Only part of the project when this holds. */
    when: condition.exactOptional(),
  })
  .refine(
    ({ secret, container }) => !secret || container === undefined,
    'a secret has no value in files: the owner sets it (`deploy`)',
  );

/**
 * A value for the git-ignored `.env` of a new project. Never part of the rendered files.
 * `{random}` becomes 32 random bytes (base64url), `{name}` the project's name.
 */
const localValue = z.strictObject({ name: z.string(), value: z.string() });

/** One line of `src/parts.ts`: `key: use`. `use` is a call of what `from` exports, a module path seen from `src/`. */
const part = z.strictObject({
  key: z.string().regex(/^[a-z]\w*$/i, 'must be a name'),
  use: z.string().regex(/^[a-z]\w*\(/i, 'must be a call'),
  from: z.string().startsWith('./'),
  when: condition.exactOptional(),
});

const port = z.int().min(1).max(65_535);

/** A server that this one talks to: Compose starts it for development, CI for the tests. */
const service = z.strictObject({
  /** Its name as a host in compose.yaml. */
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  image: z.string().regex(/:[^:/]+$/, 'must be an image with its version'),
  port,
  /** Its port on the developer's machine, as Compose reads it. */
  hostPort: z.string(),
  /** Its port on a machine of CI, where another service may have the same one. */
  localPort: port.nullable().default(null),
  environment: textRecord.default({}),
  /** Its command line, where the image's own will not do, and why. */
  command: texts,
  commandNote: z.string().nullable().default(null),
  /** Exits with 0 when it takes connections: a program and its arguments, and why these. */
  health: z.array(z.string()).min(1),
  healthNote: z.string().nullable().default(null),
  /** Where it keeps its data, for a volume; null when it may forget them. */
  volume: z.string().nullable().default(null),
});

/** What leaves the server: the network policy lets it out. */
const egress = z.strictObject({ to: z.string().min(1), port });

/** How many connections of replicas a service takes. */
const connections = z.strictObject({
  to: z.string().min(1),
  /** Those of one replica, and why so many. */
  perReplica: z.int().min(1),
  because: z.string().min(1),
  /** How many the service takes by default, and its setting for that. */
  admitted: z.int().min(1),
  setting: z.string().min(1),
});

/** Sentences for alerts that concern every dependency, and what a reader should think of. */
const runbook = z.strictObject({
  notReady: z.string().exactOptional(),
  errorCodes: z.string().exactOptional(),
  errorCauses: z.string().exactOptional(),
  slowCauses: z.string().exactOptional(),
});

/** How a local client gets a bearer token for the generated server. */
const credential = z.discriminatedUnion('from', [
  /** `match` is a regular expression whose first group is the token inside the variable's value. */
  z.strictObject({ from: z.literal('env'), variable: z.string(), match: z.string() }),
  /** A Node script of the project that prints one token on stdout. */
  z.strictObject({ from: z.literal('script'), args: z.array(z.string()).min(1) }),
  /**
   * From an issuer that the smoke test starts itself. `env` makes the server trust it (`{issuer}` is its address);
   * `metadata` is the path of the server's protected resource metadata (RFC 9728), `type` the token's `typ`.
   */
  z.strictObject({
    from: z.literal('issuer'),
    env: textRecord,
    metadata: z.string().startsWith('/'),
    type: z.string(),
  }),
]);

/** What the smoke test uses when the named primitives exist. Everything is optional; it can also find its own. */
const smoke = z.strictObject({
  /** Environment of the server under test; `{tmp}` becomes a fresh directory. */
  env: textRecord.exactOptional(),
  /**
   * A Node script of the project that stands in for the API which the server calls: the first line that it prints is its
   * address. `env` leads the server there (`{url}`). Not used where one of these variables is set, other
   * than to its local value.
   */
  standIn: z.strictObject({ script: z.string().endsWith('.mjs'), env: textRecord }).exactOptional(),
  call: z.strictObject({ tool: z.string(), arguments: record }).exactOptional(),
  badCall: z
    .strictObject({ tool: z.string(), arguments: record, field: z.string() })
    .exactOptional(),
  /** Undoes `call` in a store that persists; `{id}` is the value of that name in the result of `call`. */
  cleanup: z.strictObject({ tool: z.string(), arguments: textRecord }).exactOptional(),
  resource: z.string().exactOptional(),
  prompt: z
    .strictObject({ name: z.string(), arguments: textRecord.exactOptional() })
    .exactOptional(),
  /** The command that starts the store, shown when it is unreachable; only where `when` is provided. */
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

/** How a built server is started; `kind` uses the MCP transport names. */
const entry = z.strictObject({ kind: z.enum(['stdio', 'streamable-http']), script: z.string() });

/** What is otherwise when a condition holds: each key takes the place of the feature's own. */
const variant = z.strictObject({
  when: condition,
  /** Its files that the project does then not have, by their paths there. */
  without: texts,
  set: z.strictObject({
    env: z.array(envVar).exactOptional(),
    local: z.array(localValue).exactOptional(),
    smoke: smoke.exactOptional(),
    parts: z.array(part).exactOptional(),
    volume: z.string().startsWith('/').nullable().exactOptional(),
    folders: z.array(z.string()).exactOptional(),
    connections: connections.nullable().exactOptional(),
    docs: z.record(z.string(), z.string()).exactOptional(),
    next: z.array(z.string()).exactOptional(),
  }),
});

export const featureSchema = z.strictObject({
  label: z.string().min(1),
  hint: z.string().default(''),
  order: z.number().default(50),
  /** On a multiple-choice axis: cannot be combined with others (for example `none`). */
  exclusive: z.boolean().default(false),
  provides: z.array(capability).default([]),
  requires: z.array(rule).default([]),
  conflicts: z.array(rule).default([]),
  env: z.array(envVar).default([]),
  local: z.array(localValue).default([]),
  credential: credential.nullable().default(null),
  smoke: smoke.default({}),
  entry: entry.nullable().default(null),
  /** Programs besides the server, each a module of `src/` with that name and a script of package.json. */
  programs: z
    .array(z.strictObject({ name: z.string(), when: condition.exactOptional() }))
    .default([]),
  parts: z.array(part).default([]),
  /** Tools that the generated policy lets run only after the person behind the client has agreed. */
  approvals: texts,
  service: service.nullable().default(null),
  egress: z.array(egress).default([]),
  /** A folder of its own data in the container, which outlives it: one server at a time. */
  volume: z.string().startsWith('/').nullable().default(null),
  /** Folders of the project that the image contains. */
  folders: texts,
  /** Packages that stay outside of the bundle, because of native code or worker threads. */
  external: texts,
  connections: connections.nullable().default(null),
  runbook: runbook.default({}),
  /** Patterns for .gitignore and .dockerignore. */
  ignore: z.strictObject({ git: texts, image: texts }).prefault({}),
  /** Pages for the README's table, and lines of its layout: path → what it is. */
  docs: textRecord.default({}),
  layout: textRecord.default({}),
  /** The Authorization header that a client's configuration has. */
  clientHeader: z.string().nullable().default(null),
  /** Values for templates; merged over all chosen features, a key set twice is an error. */
  facts: record.default({}),
  /** Globs of generated paths that belong to the user from the first day (never changed by `upgrade`). */
  seeds: texts,
  /**
   * Lines for "Next" in the report, as `command # comment`, or either of them; may use `{name}` and `{run}` (how the
   * package manager runs a script).
   */
  next: texts,
  variants: z.array(variant).default([]),
  /** Conditions: path in the feature folder (a folder ends in `/`) → capabilities. */
  when: z.record(z.string(), condition).default({}),
  /** Why it need not provide something: by group of its axis' "must", or one reason for everything. */
  exempt: z.union([z.string().min(10), z.record(z.string(), z.string().min(10))]).default({}),
});

export const axisSchema = z.strictObject({
  order: z.number(),
  /** The wizard's question. */
  question: z.string().min(1),
  /** Help text of the flag `--<id>`. */
  help: z.string().min(1),
  multiple: z.boolean().default(false),
  /** The wizard skips the axis when this does not hold; the default applies. */
  asksWhen: condition.nullable().default(null),
  /** The first entry whose `when` is provided (or absent from the entry) wins. */
  defaults: z
    .array(z.strictObject({ when: capability.exactOptional(), value: z.array(z.string()).min(1) }))
    .min(1),
  /** What each feature must provide: by group, in words, each with the ways to provide it of which one is enough. */
  must: z.record(z.string(), group).default({}),
});

export const packageSchema = record;
