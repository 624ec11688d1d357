import { defineResourceTemplate } from '../parts.js';
import { userUri } from '../users/user-cache.js';
import { readUser } from '../users/users.js';

export const user = defineResourceTemplate({
  name: 'user',
  uriTemplate: userUri('{id}'),
  title: 'User',
  description: 'One user as JSON.',
  mimeType: 'application/json',
  scopes: ['users:read'],
  async read({ id = '' }, { store, userCache, signal }) {
    const found = await userCache.get(id, () => readUser(store, id, signal));
    return JSON.stringify(found, null, 2);
  },
});
