import * as z from 'zod/v4';
import { Note, readNote as read } from '../notes/notes.js';
import { defineTool } from '../parts.js';

export const readNote = defineTool({
  name: 'read_note',
  title: 'Read note',
  description: 'Returns one note by its id.',
  input: z.object({ id: z.string().max(36).describe('As create_note and search_notes return it') }),
  output: z.object({ note: Note }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['notes:read'],
  async run({ id }, { store, signal }) {
    return { note: await read(store, id, signal) };
  },
});
