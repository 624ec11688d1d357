import { searchNotes } from '../notes/notes.js';
import { defineResource } from '../parts.js';

export const recentNotes = defineResource({
  name: 'recent_notes',
  uri: 'notes://recent',
  title: 'Recent notes',
  description: 'The newest 20 notes as JSON.',
  mimeType: 'application/json',
  scopes: ['notes:read'],
  async read({ store, signal }) {
    return JSON.stringify(await searchNotes(store, '', 20, signal));
  },
});
