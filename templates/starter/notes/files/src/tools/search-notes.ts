import * as z from 'zod/v4';
import { Note, searchNotes as search } from '../notes/notes.js';
import { defineTool } from '../parts.js';

export const searchNotes = defineTool({
  name: 'search_notes',
  title: 'Search notes',
  description: 'Finds notes that contain a text in their title or body, newest first.',
  input: z.object({
    text: z.string().max(200).default('').describe('Part of the title or body; empty: all notes'),
    limit: z.number().int().min(1).max(100).default(20).describe('How many notes at the most'),
  }),
  output: z.object({ notes: z.array(Note) }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['notes:read'],
  async run({ text, limit }, { store, signal }) {
    return { notes: await search(store, text, limit, signal) };
  },
});
