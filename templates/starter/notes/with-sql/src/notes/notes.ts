import { randomUUID } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { type Store, searchable, sql } from '../kit/store/sql.js';

export const Note = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  createdAt: z.string().describe('ISO 8601, UTC'),
});
export type Note = z.output<typeof Note>;

/** Comes before every id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const NOTE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Row {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly created_at: Date;
}

/** Saves a new note. */
export async function createNote(
  store: Store,
  draft: Pick<Note, 'title' | 'body'>,
  signal: AbortSignal,
): Promise<Note> {
  const createdAt = new Date();
  const note = { id: randomUUID(), ...draft, createdAt: createdAt.toISOString() };
  await store.execute(
    sql`INSERT INTO notes (id, title, body, created_at, search)
        VALUES (${note.id}, ${note.title}, ${note.body}, ${createdAt}, ${searchable(`${note.title}\n${note.body}`)})`,
    signal,
  );
  return note;
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function readNote(store: Store, id: string, signal: AbortSignal): Promise<Note> {
  if (!NOTE_ID.test(id)) throw noteNotFound();
  const row = await store.optional<Row>(sql`SELECT * FROM notes WHERE id = ${id}`, signal);
  if (row === undefined) throw noteNotFound();
  return toNote(row);
}

/** Notes whose title or body contains `text`, newest first. */
export async function searchNotes(
  store: Store,
  text: string,
  limit: number,
  signal: AbortSignal,
): Promise<Note[]> {
  const rows = await store.query<Row>(
    sql`SELECT * FROM notes WHERE ${sql.contains(sql`search`, text)}
        ORDER BY created_at DESC, id LIMIT ${limit}`,
    signal,
  );
  return rows.map(toNote);
}

/** Notes in the order of their ids, which stays when notes come and go. `after` is the last id of the page before. */
export async function listNotes(
  store: Store,
  { after = FIRST_ID, limit }: { readonly after?: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<Note[]> {
  const rows = await store.query<Row>(
    sql`SELECT * FROM notes WHERE id > ${after} ORDER BY id LIMIT ${limit}`,
    signal,
  );
  return rows.map(toNote);
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function deleteNote(store: Store, id: string, signal: AbortSignal): Promise<void> {
  if (!NOTE_ID.test(id)) throw noteNotFound();
  const deleted = await store.execute(sql`DELETE FROM notes WHERE id = ${id}`, signal);
  if (deleted === 0) throw noteNotFound();
}

function toNote({ id, title, body, created_at }: Row): Note {
  return { id, title, body, createdAt: created_at.toISOString() };
}

function noteNotFound(): ToolError {
  return new ToolError('NOT_FOUND', 'No note with that id.', {
    suggestions: ['Call search_notes to find the id.'],
  });
}
