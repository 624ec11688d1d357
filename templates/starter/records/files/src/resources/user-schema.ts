import * as z from 'zod/v4';
import { defineResource } from '../parts.js';
import { ORDERS, SORTS } from '../users/user-pages.js';
import { User } from '../users/users.js';

export const userSchema = defineResource({
  name: 'user_schema',
  uri: 'schema://users',
  title: 'Schema of users',
  description: 'The fields of a user as JSON Schema, what is unique, and how users can be sorted.',
  mimeType: 'application/json',
  scopes: ['users:read'],
  cacheSeconds: 3_600,
  read() {
    const schema = z.toJSONSchema(User);
    return JSON.stringify({ schema, unique: ['id', 'email'], sort: SORTS, order: ORDERS }, null, 2);
  },
});
