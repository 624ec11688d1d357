import { randomUUID } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { defineIndex, query, type SearchStore, searchable } from '../kit/store/search-index.js';

export const Note = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  createdAt: z.string().describe('ISO 8601, UTC'),
});
export type Note = z.output<typeof Note>;

/** `search` has title and body as they are searched for: without capitals. */
const notes = defineIndex('notes', Note.extend({ search: z.string() }));

const NOTE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Saves a new note. */
export async function createNote(
  store: SearchStore,
  draft: Pick<Note, 'title' | 'body'>,
  signal: AbortSignal,
): Promise<Note> {
  const note = { id: randomUUID(), ...draft, createdAt: new Date().toISOString() };
  const search = searchable(`${note.title}\n${note.body}`);
  await store.create(notes, { ...note, search }, { signal });
  return note;
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function readNote(store: SearchStore, id: string, signal: AbortSignal): Promise<Note> {
  if (!NOTE_ID.test(id)) throw noteNotFound();
  const found = await store.get(notes, id, signal);
  if (found === undefined) throw noteNotFound();
  return toNote(found.document);
}

/** Notes whose title or body contains `text`, newest first. */
export async function searchNotes(
  store: SearchStore,
  text: string,
  limit: number,
  signal: AbortSignal,
): Promise<Note[]> {
  const { documents } = await store.search(
    notes,
    { query: query.contains('search', text), sort: [['createdAt', 'desc']], limit },
    signal,
  );
  return documents.map(toNote);
}

/** Notes in the order of their ids, which stays when notes come and go. `after` is the last id of the page before. */
export async function listNotes(
  store: SearchStore,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<Note[]> {
  const cursor = after === undefined ? undefined : [after];
  const { documents } = await store.search(notes, { after: cursor, limit }, signal);
  return documents.map(toNote);
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function deleteNote(
  store: SearchStore,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  if (!NOTE_ID.test(id)) throw noteNotFound();
  if (!(await store.delete(notes, id, { signal }))) throw noteNotFound();
}

function toNote({ id, title, body, createdAt }: Note): Note {
  return { id, title, body, createdAt };
}

function noteNotFound(): ToolError {
  return new ToolError('NOT_FOUND', 'No note with that id.', {
    suggestions: ['Call search_notes to find the id.'],
  });
}
