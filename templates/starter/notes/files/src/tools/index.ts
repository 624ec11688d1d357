export { createNote } from './create-note.js';
export { deleteNote } from './delete-note.js';
export { readNote } from './read-note.js';
export { searchNotes } from './search-notes.js';
