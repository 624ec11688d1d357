import { readNote, searchNotes } from '../notes/notes.js';
import { defineResourceTemplate } from './define-resource.js';

export const note = defineResourceTemplate({
  name: 'note',
  uriTemplate: 'note:///{id}',
  title: 'Note',
  description: 'One note as Markdown.',
  mimeType: 'text/markdown',
  scopes: ['notes:read'],
  async list({ store, signal }) {
    const notes = await searchNotes(store, '', 50, signal);
    return notes.map(({ id, title }) => ({ uri: `note:///${id}`, name: title }));
  },
  async read({ id = '' }, { store, signal }) {
    const { title, body } = await readNote(store, id, signal);
    return `# ${title}\n\n${body}\n`;
  },
});
