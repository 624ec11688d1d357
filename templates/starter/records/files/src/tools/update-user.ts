import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { defineTool } from '../parts.js';
import { userUri } from '../users/user-cache.js';
import { Email, Name, Plan, User, updateUser as update } from '../users/users.js';

export const updateUser = defineTool({
  name: 'update_user',
  title: 'Update user',
  description:
    'Changes what is given of one user. Fails when somebody else has changed the user since `version`.',
  input: z.object({
    id: z.string().max(36).describe('As query_users and get_user return it'),
    version: z.number().int().min(1).describe('Of the user as you have read it'),
    email: Email.optional(),
    name: Name.optional(),
    plan: Plan.optional(),
    active: z.boolean().optional().describe('false: the user may not sign in any more'),
  }),
  output: z.object({ user: User }),
  annotations: {
    readOnlyHint: false,
    // It replaces what was there.
    destructiveHint: true,
    // Repeated, it fails, because the version has grown.
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['users:write'],
  limits: { perMinute: 60 },
  async run({ id, version, ...given }, { store, userCache, changes, signal }) {
    if (Object.values(given).every((value) => value === undefined)) {
      throw new ToolError('INVALID_INPUT', 'There is nothing to change.', {
        suggestions: ['Give at least one of email, name, plan and active.'],
      });
    }
    try {
      const user = await update(store, { id, version }, given, signal);
      changes.resourceUpdated(userUri(id));
      return { user };
    } finally {
      // After a conflict, too: whoever reads it again must not get the old version.
      userCache.forget(id);
    }
  },
});
