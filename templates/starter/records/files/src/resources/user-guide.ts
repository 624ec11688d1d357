import { defineResource } from '../parts.js';
import { GUIDE } from '../users/guide.js';

export const userGuide = defineResource({
  name: 'user_guide',
  uri: 'docs://users',
  title: 'Working with users',
  description: 'How to find and change users, and what each error means.',
  mimeType: 'text/markdown',
  scopes: ['users:read'],
  cacheSeconds: 3_600,
  read: () => GUIDE,
});
