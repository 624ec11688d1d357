import { expect } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import type { User } from '../../src/users/users.js';
import type { createTestApp } from './app.js';

type App = Awaited<ReturnType<typeof createTestApp>>;

/** Calls a tool that returns a user. */
export async function userFrom(app: App, tool: string, input: Record<string, unknown>) {
  const result = await callTool(app, tool, input);
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
  return (result.structuredContent as { user: User }).user;
}

/** Adds a user, by default Ada. */
export const addUser = (app: App, draft: Record<string, unknown> = {}) =>
  userFrom(app, 'create_user', { name: 'Ada Lovelace', email: 'ada@example.com', ...draft });
