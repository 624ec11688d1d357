import * as z from 'zod/v4';
import { isScope } from '../definitions/definitions.js';
import { type ParsedYaml, parseYaml } from '../definitions/yaml-text.js';

/** The settings that `gateway.yaml` may name, as `${NAME}`. */
export type Secrets = Readonly<Record<string, unknown>>;

const PREFIX = /^[a-z][a-z0-9-]{0,23}$/;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NAME_PATTERN = /^[^*]+\*?$|^\*$/;

/** Text in which `${NAME}` stands for a setting. */
const withSecrets = (secrets: Secrets) =>
  z
    .string()
    .superRefine((text, ctx) => {
      for (const [, name = ''] of text.matchAll(/\$\{([^}]*)\}/g)) {
        const message = Object.hasOwn(secrets, name)
          ? `the setting ${name} is not set`
          : `${name} is not a setting: add it to src/config.ts`;
        if (secrets[name] === undefined) ctx.addIssue({ code: 'custom', message });
      }
    })
    .transform((text) => text.replaceAll(/\$\{([^}]*)\}/g, (_, name) => String(secrets[name])));

const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most);

const namePatterns = z.array(
  z.string().regex(NAME_PATTERN, 'must be a name, or the beginning of one and a * at its end'),
);

/** The schema of `gateway.yaml`. */
export function gatewaySchema(secrets: Secrets) {
  const text = withSecrets(secrets);
  const url = text.refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    { error: 'must be a URL that begins with http:// or https://' },
  );
  const upstream = z
    .strictObject({
      command: text.optional(),
      args: z.array(text).default([]),
      env: z.record(z.string(), text).default({}),
      instances: z.array(url).min(1).max(64).optional(),
      headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/), text).default({}),
      protocol: z.enum(['auto', '2025-11-25', '2026-07-28']).default('auto'),
      tools: namePatterns.default(['*']),
      deniedTools: namePatterns.default([]),
      resources: z.boolean().default(true),
      prompts: z.boolean().default(true),
      rename: z.record(z.string(), z.string().regex(TOOL_NAME)).default({}),
      pins: z
        .record(z.string(), z.string().regex(/^sha256-[\w-]{43}$/, 'must be sha256-…'))
        .optional(),
      scopes: z
        .array(z.string().refine(isScope, { error: 'is not a scope: no token could carry it' }))
        .default([]),
      required: z.boolean().default(false),
      timeoutMs: milliseconds(10, 600_000).default(20_000),
      connectTimeoutMs: milliseconds(10, 60_000).default(5_000),
      probeEveryMs: milliseconds(50, 600_000).default(5_000),
      probeTimeoutMs: milliseconds(10, 60_000).default(2_000),
      refreshEveryMs: milliseconds(1_000, 86_400_000).default(60_000),
      callsPerMinute: z.number().int().min(1).max(1_000_000).optional(),
    })
    .superRefine(({ command, instances, args, env, headers }, ctx) => {
      const refuse = (message: string, path: string[] = []) =>
        ctx.addIssue({ code: 'custom', message, path });
      if ((command === undefined) === (instances === undefined)) {
        refuse(
          'needs either command (a server over stdio) or instances (URLs of a server over HTTP)',
        );
      } else if (command === undefined) {
        if (args.length > 0) refuse('belongs to command', ['args']);
        if (Object.keys(env).length > 0) refuse('belongs to command', ['env']);
      } else if (Object.keys(headers).length > 0) {
        refuse('belongs to instances', ['headers']);
      }
      const twin = instances?.find((one, index) => instances.indexOf(one) !== index);
      if (twin !== undefined) refuse('names an instance twice', ['instances']);
    });
  const upstreams = z.record(z.string(), upstream).superRefine((all, ctx) => {
    for (const name of Object.keys(all)) {
      if (PREFIX.test(name)) continue;
      const message = `${name} cannot be a prefix: use lower-case letters, digits and -, at most 24, a letter first`;
      ctx.addIssue({ code: 'custom', message, path: [name] });
    }
  });
  return z.strictObject({ upstreams });
}

/** One server behind the gateway, as `gateway.yaml` describes it. */
export type UpstreamSettings = z.output<ReturnType<typeof gatewaySchema>>['upstreams'][string];

/** Reads the text of `gateway.yaml`. Every problem is named at once, and begins with its line. */
export function parseGateway(
  text: string,
  secrets: Secrets,
): ParsedYaml<{ upstreams: Record<string, UpstreamSettings> }> {
  return parseYaml(text, gatewaySchema(secrets));
}

/** Whether a list of names includes one; a `*` at the end stands for whatever follows. */
export function includes(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
