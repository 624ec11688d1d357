import { listNotes, readNote } from '../notes/notes.js';
import { defineResourceTemplate } from '../parts.js';

const PREFIX = 'note:///';

export const note = defineResourceTemplate({
  name: 'note',
  uriTemplate: `${PREFIX}{id}`,
  title: 'Note',
  description: 'One note as Markdown.',
  mimeType: 'text/markdown',
  scopes: ['notes:read'],
  async list({ store, signal }, { after, limit }) {
    const notes = await listNotes(store, { after: after?.slice(PREFIX.length), limit }, signal);
    return notes.map(({ id, title }) => ({ uri: PREFIX + id, name: title }));
  },
  async read({ id = '' }, { store, signal }) {
    const { title, body } = await readNote(store, id, signal);
    return `# ${title}\n\n${body}\n`;
  },
});
