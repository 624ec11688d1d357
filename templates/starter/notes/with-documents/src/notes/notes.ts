import { randomUUID } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { type DocumentStore, defineCollection, searchable, where } from '../kit/store/documents.js';

export const Note = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  createdAt: z.string().describe('ISO 8601, UTC'),
});
export type Note = z.output<typeof Note>;

const StoredNote = z.object({
  _id: z.uuid(),
  title: z.string(),
  body: z.string(),
  createdAt: z.date(),
  /** Title and body as they are searched for: without capitals. */
  search: z.string(),
});

const NOTES = defineCollection({
  name: 'notes',
  document: StoredNote,
  indexes: [{ fields: { createdAt: 'descending', _id: 'ascending' } }],
});

/** Saves a new note. */
export async function createNote(
  store: DocumentStore,
  draft: Pick<Note, 'title' | 'body'>,
  signal: AbortSignal,
): Promise<Note> {
  const note = {
    _id: randomUUID(),
    ...draft,
    createdAt: new Date(),
    search: searchable(`${draft.title}\n${draft.body}`),
  };
  await store.insert(NOTES, note, signal);
  return toNote(note);
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function readNote(
  store: DocumentStore,
  id: string,
  signal: AbortSignal,
): Promise<Note> {
  const note = await store.optional(NOTES, { _id: id }, signal);
  if (note === undefined) throw noteNotFound();
  return toNote(note);
}

/** Notes whose title or body contains `text`, newest first. */
export async function searchNotes(
  store: DocumentStore,
  text: string,
  limit: number,
  signal: AbortSignal,
): Promise<Note[]> {
  const notes = await store.find(
    NOTES,
    { search: where.contains(text) },
    { sort: { createdAt: 'descending', _id: 'ascending' }, limit, signal },
  );
  return notes.map(toNote);
}

/** Notes in the order of their ids, which stays when notes come and go. `after` is the last id of the page before. */
export async function listNotes(
  store: DocumentStore,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<Note[]> {
  const notes = await store.find(
    NOTES,
    {},
    {
      sort: { _id: 'ascending' },
      after: after === undefined ? undefined : { _id: after },
      limit,
      signal,
    },
  );
  return notes.map(toNote);
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function deleteNote(
  store: DocumentStore,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const deleted = await store.delete(NOTES, { _id: id }, signal);
  if (deleted === 0) throw noteNotFound();
}

function toNote({ _id, title, body, createdAt }: z.output<typeof StoredNote>): Note {
  return { id: _id, title, body, createdAt: createdAt.toISOString() };
}

function noteNotFound(): ToolError {
  return new ToolError('NOT_FOUND', 'No note with that id.', {
    suggestions: ['Call search_notes to find the id.'],
  });
}
