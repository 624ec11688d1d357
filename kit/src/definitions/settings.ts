import * as z from 'zod/v4';

/** Settings by the names of their environment variables, each with how it is read from text. */
export type SettingsShape = Readonly<Record<string, z.ZodType>>;

/** Settings as they have been read. */
export type SettingsOf<Shape extends SettingsShape> = {
  readonly [Name in keyof Shape]: z.output<Shape[Name]>;
};

/** A whole number between `min` and `max`. */
export const int = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** `true` or `false`. */
export const bool = (byDefault: boolean) =>
  z
    .enum(['true', 'false'])
    .default(byDefault ? 'true' : 'false')
    .transform((value) => value === 'true');

/** Comma-separated, without blanks. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** What every server can be told. */
export const callSettings = {
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  TOOL_TIMEOUT_MS: int(1, 600_000).default(30_000),
  MAX_OUTPUT_BYTES: int(1_000, 100_000_000).default(1_000_000),
  MAX_OUTPUT_ROWS: int(1, 1_000_000).default(1_000),
  SHUTDOWN_TIMEOUT_MS: int(0, 600_000).default(35_000),
};

export type CallSettings = SettingsOf<typeof callSettings>;

/** Thrown with every problem at once; the message names variables, never their values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((line) => `  ${line}`)].join('\n'));
  }
}
