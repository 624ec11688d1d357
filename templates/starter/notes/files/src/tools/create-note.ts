import * as z from 'zod/v4';
import { Note, createNote as save } from '../notes/notes.js';
import { defineTool } from '../parts.js';

export const createNote = defineTool({
  name: 'create_note',
  title: 'Create note',
  description: 'Saves a note and returns it with its id.',
  input: z.object({
    title: z.string().trim().min(1).max(200).describe('One line that says what the note is about'),
    body: z.string().max(20_000).describe('The text of the note, Markdown allowed'),
  }),
  output: z.object({ note: Note }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['notes:write'],
  async run(input, { store, changes, signal }) {
    const note = await save(store, input, signal);
    changes.resourcesChanged();
    changes.resourceUpdated('notes://recent');
    return { note };
  },
});
