import { expect } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import type { createTestApp } from './app.js';

type App = Awaited<ReturnType<typeof createTestApp>>;

/** Records a value of a day. */
export async function record(app: App, day: string, value: number, more: object = {}) {
  const input = { region: 'eu-central', metric: 'orders', value, at: `${day}T12:00:00Z`, ...more };
  const result = await callTool(app, 'record_event', input);
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
  return result.structuredContent as { id: string; isNew: boolean };
}
