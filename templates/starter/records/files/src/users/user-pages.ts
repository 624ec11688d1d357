import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { type SqlRunner, sql } from '../kit/store/sql.js';
import { toUser, USER_COLUMNS, USER_ID, type User, type UserRow } from './users.js';

/** What users can be sorted by, and the column that has it. Each has an index, or is unique. */
const SORT_COLUMNS = { name: 'sort_name', email: 'email', createdAt: 'created_at' } as const;

export const SORTS = ['name', 'email', 'createdAt'] as const;
export const ORDERS = ['asc', 'desc'] as const;

export interface UserQuery {
  /** Part of the name or of the e-mail address, in any case. */
  readonly search?: string | undefined;
  readonly plan?: User['plan'] | undefined;
  readonly active?: boolean | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly sort: (typeof SORTS)[number];
  readonly order: (typeof ORDERS)[number];
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string | undefined;
}

export interface UserPage {
  readonly users: User[];
  /** Begins the next page; `null` when this is the last one. */
  readonly nextCursor: string | null;
}

type PagedRow = UserRow & { readonly sort_name: string };

/**
 * A page of users. It begins behind the last user of the page before (keyset paging): users who come or go meanwhile make no other user
 * appear twice or not at all, and a late page costs no more than the first.
 * @throws {ToolError} `INVALID_CURSOR` when the cursor is that of another sorting.
 */
export async function queryUsers(
  db: SqlRunner,
  query: UserQuery,
  signal: AbortSignal,
): Promise<UserPage> {
  const { limit, order, sort } = query;
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const column = sql.identifier(SORT_COLUMNS[sort], Object.values(SORT_COLUMNS));
  // One more than wanted says whether there is another page.
  const rows = await db.query<PagedRow>(
    sql`SELECT ${USER_COLUMNS}, sort_name FROM users WHERE ${sql.and(conditionsOf(query))}
        ORDER BY ${column} ${direction}, id ${direction} LIMIT ${limit + 1}`,
    signal,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    users: page.map(({ sort_name, ...row }) => toUser(row)),
    nextCursor: last !== undefined && rows.length > limit ? cursorAfter(last, query) : null,
  };
}

function conditionsOf(query: UserQuery) {
  const { search, plan, active, createdAfter, createdBefore, cursor } = query;
  return [
    ...(search ? [sql.contains(sql`search`, search)] : []),
    ...(plan === undefined ? [] : [sql`plan = ${plan}`]),
    ...(active === undefined ? [] : [sql`active = ${active}`]),
    ...(createdAfter === undefined ? [] : [sql`created_at >= ${createdAfter}`]),
    ...(createdBefore === undefined ? [] : [sql`created_at < ${createdBefore}`]),
    ...(cursor === undefined ? [] : [behind(cursor, query)]),
  ];
}

/** Two ranges instead of one pair: MySQL finds no index for `(a, b) > (x, y)`. */
function behind(cursor: string, { sort, order }: UserQuery) {
  const { value, id } = parseCursor(cursor, { sort, order });
  const column = sql.identifier(SORT_COLUMNS[sort], Object.values(SORT_COLUMNS));
  const at = sort === 'createdAt' ? new Date(value) : value;
  return order === 'asc'
    ? sql`${column} >= ${at} AND (${column} > ${at} OR id > ${id})`
    : sql`${column} <= ${at} AND (${column} < ${at} OR id < ${id})`;
}

const Cursor = z.tuple([z.enum(SORTS), z.enum(ORDERS), z.string(), z.string().regex(USER_ID)]);

/** Says where a page ended. It names only values of a user that its reader has seen, so it needs no signature. */
function cursorAfter(row: PagedRow, { sort, order }: UserQuery): string {
  const value = row[SORT_COLUMNS[sort]];
  const text = value instanceof Date ? value.toISOString() : value;
  return Buffer.from(JSON.stringify([sort, order, text, row.id])).toString('base64url');
}

function parseCursor(cursor: string, wanted: Pick<UserQuery, 'sort' | 'order'>) {
  const parsed = Cursor.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()));
  const [sort, order, value = '', id = ''] = parsed.data ?? [];
  const isDate = sort !== 'createdAt' || !Number.isNaN(Date.parse(value));
  if (sort !== wanted.sort || order !== wanted.order || !isDate) {
    throw new ToolError('INVALID_CURSOR', 'The cursor does not belong to this sorting.', {
      suggestions: ['Repeat the call that gave it with nothing else changed, or leave it out.'],
    });
  }
  return { value, id };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
