import { randomUUID } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import type { KeyValueStore, RangeOptions } from '../kit/store/key-value.js';
import { searchable } from '../kit/store/text.js';

export const Note = z.object({
  id: z.string(),
  title: z.string(),
  body: z.string(),
  createdAt: z.string().describe('ISO 8601, UTC'),
});
export type Note = z.output<typeof Note>;

/** The ids of all notes: by the time they were created at, and by themselves. */
const BY_TIME = 'notes-by-time';
const BY_ID = 'notes-by-id';

/** A search reads so many notes in one step. */
const PAGE = 100;

/** Saves a new note. */
export async function createNote(
  store: KeyValueStore,
  draft: Pick<Note, 'title' | 'body'>,
  signal: AbortSignal,
): Promise<Note> {
  const createdAt = new Date();
  const note = { id: randomUUID(), ...draft, createdAt: createdAt.toISOString() };
  await store.write(
    [
      { set: keyOf(note.id), value: note, only: 'absent' },
      { index: BY_TIME, add: note.id, score: createdAt.getTime() },
      { index: BY_ID, add: note.id, score: 0 },
    ],
    signal,
  );
  return note;
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function readNote(
  store: KeyValueStore,
  id: string,
  signal: AbortSignal,
): Promise<Note> {
  const note = await store.get(keyOf(id), { value: Note, signal });
  if (note === undefined) throw noteNotFound();
  return note;
}

/**
 * Notes whose title or body contains `text`, newest first. It reads one note after the other until it has found enough: two
 * requests for every 100 notes. For many thousands of them, take a store that can search.
 */
export async function searchNotes(
  store: KeyValueStore,
  text: string,
  limit: number,
  signal: AbortSignal,
): Promise<Note[]> {
  const wanted = searchable(text);
  const page = wanted === '' ? limit : PAGE;
  const newest = notesIn(store, BY_TIME, { descending: true, limit: page, signal });
  return await take(newest, limit, ({ title, body }) =>
    searchable(`${title}\n${body}`).includes(wanted),
  );
}

/** Notes in the order of their ids, which stays when notes come and go. `after` is the last id of the page before. */
export async function listNotes(
  store: KeyValueStore,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<Note[]> {
  const last = after === undefined ? undefined : { member: after, score: 0 };
  return await take(notesIn(store, BY_ID, { after: last, limit, signal }), limit);
}

/** @throws {ToolError} `NOT_FOUND` when there is no note with that id. */
export async function deleteNote(
  store: KeyValueStore,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const [deleted] = await store.write(
    [{ delete: keyOf(id) }, { index: BY_TIME, remove: id }, { index: BY_ID, remove: id }],
    signal,
  );
  if (deleted === 0) throw noteNotFound();
}

/** The notes of an index in its order, read page by page. One that is deleted meanwhile is left out. */
async function* notesIn(
  store: KeyValueStore,
  index: string,
  options: RangeOptions & { readonly limit: number },
): AsyncGenerator<Note> {
  const { limit, signal } = options;
  let { after } = options;
  for (;;) {
    const page = await store.range(index, { ...options, after });
    const keys = page.map(({ member }) => keyOf(member));
    for (const note of await store.getMany(keys, { value: Note, signal })) {
      if (note !== undefined) yield note;
    }
    if (page.length < limit) return;
    after = page.at(-1);
  }
}

/** The first notes that are wanted. */
async function take(
  notes: AsyncIterable<Note>,
  limit: number,
  isWanted: (note: Note) => boolean = () => true,
): Promise<Note[]> {
  const taken: Note[] = [];
  for await (const note of notes) {
    if (!isWanted(note)) continue;
    taken.push(note);
    if (taken.length === limit) break;
  }
  return taken;
}

function keyOf(id: string): string {
  return `note:${id}`;
}

function noteNotFound(): ToolError {
  return new ToolError('NOT_FOUND', 'No note with that id.', {
    suggestions: ['Call search_notes to find the id.'],
  });
}
