import * as z from 'zod/v4';
import { deleteNote as remove } from '../notes/notes.js';
import { defineTool } from '../parts.js';

export const deleteNote = defineTool({
  name: 'delete_note',
  title: 'Delete note',
  description: 'Deletes one note for good.',
  input: z.object({ id: z.string().max(36).describe('As create_note and search_notes return it') }),
  output: z.object({ deleted: z.string().describe('The id of the note') }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  scopes: ['notes:write'],
  async run({ id }, { store, changes, signal }) {
    await remove(store, id, signal);
    changes.resourcesChanged();
    changes.resourceUpdated('notes://recent');
    changes.resourceUpdated(`note:///${id}`);
    return { deleted: id };
  },
});
