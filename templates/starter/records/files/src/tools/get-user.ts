import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { readUser, User } from '../users/users.js';

export const getUser = defineTool({
  name: 'get_user',
  title: 'Get user',
  description: 'Returns one user, with the version that update_user wants.',
  input: z.object({ id: z.string().max(36).describe('As query_users and create_user return it') }),
  output: z.object({ user: User }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['users:read'],
  async run({ id }, { store, userCache, signal }) {
    return { user: await userCache.get(id, () => readUser(store, id, signal)) };
  },
});
