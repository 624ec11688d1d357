import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { userUri } from '../users/user-cache.js';
import { Email, deleteUser as remove } from '../users/users.js';

export const deleteUser = defineTool({
  name: 'delete_user',
  title: 'Delete user',
  description:
    'Deletes one user for good. To keep the data, set `active` to false with update_user.',
  input: z.object({
    id: z.string().max(36).describe('As query_users and get_user return it'),
    email: Email.describe('Of the same user, so that whoever is asked sees whom it is about'),
  }),
  output: z.object({ deleted: z.string().describe('The id of the user') }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['users:write'],
  limits: { perMinute: 20 },
  async run(input, { store, userCache, changes, signal }) {
    try {
      await remove(store, input, signal);
      changes.resourceUpdated(userUri(input.id));
      return { deleted: input.id };
    } finally {
      userCache.forget(input.id);
    }
  },
});
