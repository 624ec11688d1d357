import { randomUUID } from 'node:crypto';
import * as z from 'zod/v4';
import { ToolError } from '../kit/index.js';
import { type SqlRunner, searchable, sql } from '../kit/store/sql.js';

export const PLANS = ['free', 'team', 'enterprise'] as const;

export const Email = z.email().max(254).toLowerCase();
export const Name = z.string().trim().min(1).max(200);
export const Plan = z.enum(PLANS);

export const User = z.object({
  id: z.string(),
  email: z.string().describe('Unique, in lower case'),
  name: z.string(),
  plan: Plan,
  active: z.boolean().describe('Whether the user may sign in'),
  version: z.number().int().describe('Grows with every change; update_user wants it back'),
  createdAt: z.string().describe('ISO 8601, UTC'),
  updatedAt: z.string().describe('ISO 8601, UTC'),
});
export type User = z.output<typeof User>;

export interface UserDraft {
  readonly email: string;
  readonly name: string;
  readonly plan: User['plan'];
  /** By default now. */
  readonly createdAt?: Date;
}

export interface UserChanges {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly plan?: User['plan'] | undefined;
  readonly active?: boolean | undefined;
}

export const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly plan: User['plan'];
  readonly active: boolean;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const USER_COLUMNS = sql`id, email, name, plan, active, version, created_at, updated_at`;

/** @throws {ToolError} `ALREADY_EXISTS` when another user has the e-mail address. */
export async function createUser(
  db: SqlRunner,
  { email, name, plan, createdAt = new Date() }: UserDraft,
  signal?: AbortSignal,
): Promise<User> {
  const at = createdAt.toISOString();
  const user = { id: randomUUID(), email, name, plan, active: true, version: 1 };
  await orEmailTaken(
    db.execute(
      sql`INSERT INTO users (${USER_COLUMNS}, sort_name, search)
          VALUES (${user.id}, ${email}, ${name}, ${plan}, ${true}, ${1}, ${createdAt}, ${createdAt},
                  ${sortName(name)}, ${searchText(name, email)})`,
      signal,
    ),
  );
  return { ...user, createdAt: at, updatedAt: at };
}

/** @throws {ToolError} `NOT_FOUND` when there is no user with that id. */
export async function readUser(db: SqlRunner, id: string, signal: AbortSignal): Promise<User> {
  if (!USER_ID.test(id)) throw userNotFound();
  const row = await db.optional<UserRow>(
    sql`SELECT ${USER_COLUMNS} FROM users WHERE id = ${id}`,
    signal,
  );
  if (row === undefined) throw userNotFound();
  return toUser(row);
}

/**
 * Changes a user that still has the version which the caller has read, so that nobody's change is overwritten unseen.
 * @throws {ToolError} `NOT_FOUND`, `CONFLICT` when the user was changed since, `ALREADY_EXISTS` when another user has the address.
 */
export async function updateUser(
  db: SqlRunner,
  { id, version }: { readonly id: string; readonly version: number },
  changes: UserChanges,
  signal: AbortSignal,
): Promise<User> {
  const known = await readUser(db, id, signal);
  if (known.version !== version) throw changedMeanwhile(known.version);
  const { email = known.email, name = known.name, plan = known.plan } = changes;
  const { active = known.active } = changes;
  const updatedAt = new Date();
  const count = await orEmailTaken(
    db.execute(
      sql`UPDATE users
          SET email = ${email}, name = ${name}, plan = ${plan}, active = ${active},
              version = ${version + 1}, updated_at = ${updatedAt},
              sort_name = ${sortName(name)}, search = ${searchText(name, email)}
          WHERE id = ${id} AND version = ${version}`,
      signal,
    ),
  );
  // Somebody was faster since it was read.
  if (count === 0) throw changedMeanwhile((await readUser(db, id, signal)).version);
  const at = updatedAt.toISOString();
  return { ...known, email, name, plan, active, version: version + 1, updatedAt: at };
}

/**
 * Deletes the user who has both the id and the address: people approve an address, not an id.
 * @throws {ToolError} `NOT_FOUND`, or `CONFLICT` when the address is another user's.
 */
export async function deleteUser(
  db: SqlRunner,
  { id, email }: Pick<User, 'id' | 'email'>,
  signal: AbortSignal,
): Promise<void> {
  if (!USER_ID.test(id)) throw userNotFound();
  const count = await db.execute(
    sql`DELETE FROM users WHERE id = ${id} AND email = ${email}`,
    signal,
  );
  if (count > 0) return;
  await readUser(db, id, signal);
  throw new ToolError('CONFLICT', 'The user with that id has another e-mail address.', {
    suggestions: ['Call get_user and compare both before you delete anybody.'],
  });
}

export function toUser({ created_at, updated_at, ...rest }: UserRow): User {
  return { ...rest, createdAt: created_at.toISOString(), updatedAt: updated_at.toISOString() };
}

/** The beginning of a name, the same for every way to write it. */
function sortName(name: string): string {
  return [...searchable(name)].slice(0, 100).join('');
}

function searchText(name: string, email: string): string {
  return searchable(`${name}\n${email}`);
}

async function orEmailTaken<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (!(error instanceof ToolError && error.code === 'ALREADY_EXISTS')) throw error;
    throw new ToolError('ALREADY_EXISTS', 'Another user has this e-mail address.', {
      cause: error,
      suggestions: ['Call query_users with the address as `search`, and update that user.'],
    });
  }
}

function userNotFound(): ToolError {
  return new ToolError('NOT_FOUND', 'No user with that id.', {
    suggestions: ['Call query_users to find the id.'],
  });
}

function changedMeanwhile(version: number): ToolError {
  return new ToolError(
    'CONFLICT',
    `The user was changed since you read it: it has version ${version} now.`,
    { suggestions: ['Call get_user, and decide again whether your change is still right.'] },
  );
}
