import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { ORDERS, queryUsers as query, SORTS } from '../users/user-pages.js';
import { Plan, User } from '../users/users.js';

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

export const queryUsers = defineTool({
  name: 'query_users',
  title: 'Query users',
  description: 'Finds users who meet all of the given conditions, page by page.',
  input: z.object({
    search: z.string().max(200).optional().describe('Part of the name or of the e-mail address'),
    plan: Plan.optional(),
    active: z.boolean().optional(),
    createdAfter: time.optional().describe('ISO 8601 with a zone; users created then or later'),
    createdBefore: time.optional().describe('ISO 8601 with a zone; users created earlier'),
    sort: z.enum(SORTS).default('name'),
    order: z.enum(ORDERS).default('asc'),
    limit: z.number().int().min(1).max(100).default(20).describe('How many users at the most'),
    cursor: z.string().max(1_000).optional().describe('The `nextCursor` of the page before'),
  }),
  output: z.object({
    users: z.array(User),
    nextCursor: z.string().nullable().describe('Begins the next page; null: this is the last one'),
  }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['users:read'],
  async run(input, { store, signal }) {
    return await query(store, input, signal);
  },
});
