/** fly.toml, held to the keys we use (fly.io/docs/reference/configuration): flyctl itself ignores unknown ones. */
import { parse } from 'smol-toml';
import * as z from 'zod';

const duration = z.string().regex(/^\d+(ms|s|m)$/);
const path = z.string().startsWith('/');

const schema = z.strictObject({
  app: z.string().regex(/^[a-z][a-z0-9-]*$/),
  primary_region: z.string().regex(/^[a-z]{3}$/),
  kill_signal: z.literal('SIGTERM'),
  // A bare integer means seconds.
  kill_timeout: z.int().min(11).max(300),
  build: z.strictObject({ dockerfile: z.literal('Dockerfile') }),
  env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
  mounts: z
    .strictObject({
      source: z.string().regex(/^[a-z0-9_]{1,30}$/),
      destination: path,
      initial_size: z.string().regex(/^\d+gb$/),
    })
    .optional(),
  metrics: z.array(z.strictObject({ port: z.int(), path: z.literal('/metrics') })).optional(),
  http_service: z.strictObject({
    internal_port: z.literal(3000),
    force_https: z.literal(true),
    auto_stop_machines: z.enum(['off', 'stop', 'suspend']),
    auto_start_machines: z.literal(true),
    min_machines_running: z.int().min(0),
    concurrency: z.strictObject({
      type: z.literal('requests'),
      soft_limit: z.int().positive(),
      hard_limit: z.int().positive(),
    }),
    checks: z
      .array(
        z.strictObject({
          method: z.literal('GET'),
          path: z.enum(['/healthz', '/readyz']),
          interval: duration,
          timeout: duration,
          grace_period: duration,
        }),
      )
      .min(1),
  }),
  vm: z.array(z.strictObject({ size: z.string(), memory: z.string().regex(/^\d+(mb|gb)$/) })),
});

export type FlyConfig = z.infer<typeof schema>;

/** Reads a fly.toml. Throws when it is not TOML, or has a key or value that is not known here. */
export function parseFly(text: string): FlyConfig {
  return schema.parse(parse(text));
}
