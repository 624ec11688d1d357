import * as z from 'zod/v4';
import { defineTool } from '../parts.js';
import { createUser as create, Email, Name, Plan, User } from '../users/users.js';

export const createUser = defineTool({
  name: 'create_user',
  title: 'Create user',
  description:
    'Adds an active user and returns it with its id. No two users have one e-mail address.',
  input: z.object({
    email: Email,
    name: Name.describe('As the user is called'),
    plan: Plan.default('free'),
  }),
  output: z.object({ user: User }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['users:write'],
  limits: { perMinute: 60 },
  async run(draft, { store, signal }) {
    return { user: await create(store, draft, signal) };
  },
});
