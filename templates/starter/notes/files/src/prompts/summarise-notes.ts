import * as z from 'zod/v4';
import { searchNotes } from '../notes/notes.js';
import { definePrompt } from '../parts.js';

export const summariseNotes = definePrompt({
  name: 'summarise_notes',
  title: 'Summarise notes',
  description: 'Asks for a summary of the notes about a topic.',
  args: z.object({
    topic: z.string().max(200).optional().describe('Only notes that contain this text'),
  }),
  scopes: ['notes:read'],
  complete: {
    async topic(value, { store, signal }) {
      const notes = await searchNotes(store, value, 20, signal);
      return notes.map(({ title }) => title);
    },
  },
  async messages({ topic = '' }, { store, signal }) {
    const notes = await searchNotes(store, topic, 20, signal);
    const text = [
      'Summarise these notes in five sentences at the most. Name the notes that you rely on.',
      ...notes.map(({ title, body }) => `<note title=${JSON.stringify(title)}>\n${body}\n</note>`),
    ].join('\n\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
