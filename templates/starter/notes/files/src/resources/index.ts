export { note } from './note.js';
export { recentNotes } from './recent-notes.js';
