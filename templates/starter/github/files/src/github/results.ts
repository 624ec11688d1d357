import * as z from 'zod/v4';
import { WRITTEN_BY_USERS } from './untrusted.js';

export const Repository = z.object({
  name: z.string().describe('owner/name'),
  description: z.string().nullable().describe(WRITTEN_BY_USERS),
  isPrivate: z.boolean(),
  isFork: z.boolean(),
  isArchived: z.boolean(),
  language: z.string().nullable(),
  defaultBranch: z.string(),
  pushedAt: z.string().nullable().describe('ISO 8601, UTC'),
  url: z.string(),
});
export type Repository = z.output<typeof Repository>;

export const Match = z.object({
  repository: z.string().describe('owner/name'),
  path: z.string(),
  url: z.string(),
  fragments: z.array(z.string()).describe('The places that match, with what is around them'),
});
export type Match = z.output<typeof Match>;

export const Issue = z.object({
  number: z.number(),
  title: z.string().describe(WRITTEN_BY_USERS),
  state: z.string(),
  author: z.string().nullable(),
  association: z
    .string()
    .nullable()
    .describe('What the author is to the repository; NONE: nothing'),
  labels: z.array(z.string()),
  assignees: z.array(z.string()),
  comments: z.number(),
  createdAt: z.string().describe('ISO 8601, UTC'),
  updatedAt: z.string().describe('ISO 8601, UTC'),
  url: z.string(),
  body: z.string().describe(WRITTEN_BY_USERS),
});
export type Issue = z.output<typeof Issue>;

/** Comes before what users wrote. */
export const notice = z.string();

export const next = z
  .string()
  .nullable()
  .describe('Begins the next page; null: this is the last one');
export const after = z
  .string()
  .max(500)
  .default('')
  .describe('The `next` of the page before; empty: the first page');
export const limit = z.number().int().min(1).max(100).default(20);

/** Everything here only reads, at a service that others change. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
} as const;
