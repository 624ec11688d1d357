import type { Services } from '../../src/kit/calls/services.js';
import type { Principal } from '../../src/kit/index.js';
import { connect } from './client.js';

/** Calls a tool as a client does. */
export async function callTool(
  app: Services,
  name: string,
  input: Record<string, unknown> = {},
  principal?: Principal,
) {
  const client = await connect(app, '2026-07-28', principal);
  return await client.callTool({ name, arguments: input });
}

/** The text that the model sees of a result. */
export function textOf(result: Awaited<ReturnType<typeof callTool>>): string {
  return result.content.map((item) => (item.type === 'text' ? item.text : '')).join('\n');
}
