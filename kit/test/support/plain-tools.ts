import * as z from 'zod/v4';
import { ToolError } from '../../src/definitions/definitions.js';
import { defineTool } from '../fixtures/notes/src/parts.js';

const common = {
  input: z.object({ text: z.string().max(5).default('hello') }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
};

/** Tools that answer the same each time. */
export const plainEcho = defineTool({
  ...common,
  name: 'plain_echo',
  title: 'Echo',
  description: 'Says it again.',
  output: z.object({ text: z.string() }),
  run: ({ text }) => ({ text }),
});

export const plainFailure = defineTool({
  ...common,
  name: 'plain_failure',
  title: 'Failure',
  description: 'Fails.',
  output: z.object({}),
  run() {
    throw new ToolError('NOT_FOUND', 'Nothing is there.', { suggestions: ['Look elsewhere.'] });
  },
});

export const plainSteps = defineTool({
  ...common,
  name: 'plain_steps',
  title: 'Steps',
  description: 'Says how far it is.',
  output: z.object({}),
  async run(_, { progress }) {
    await progress(1, 2, 'half');
    await progress(2, 2);
    return {};
  },
});
