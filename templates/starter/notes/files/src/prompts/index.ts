export { summariseNotes } from './summarise-notes.js';
