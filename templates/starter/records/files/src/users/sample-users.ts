import { type SqlRunner, sql } from '../kit/store/sql.js';
import { createUser, PLANS } from './users.js';

const NAMES = [
  ...['Ada Lovelace', 'Alan Turing', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov'],
  ...['Donald Knuth', 'Margaret Hamilton', 'Tony Hoare', 'Radia Perlman', 'Niklaus Wirth'],
  ...['Frances Allen', 'Dennis Ritchie', 'Karen Spärck Jones', 'Ken Thompson', 'Shafi Goldwasser'],
  ...['Leslie Lamport', 'Adele Goldberg', 'John McCarthy', 'Hedy Lamarr', 'Vint Cerf'],
];
const DAY_MS = 86_400_000;

/** Adds sample users to a database that has none. @returns what it has done */
export async function addSampleUsers(tx: SqlRunner): Promise<string> {
  const { n } = await tx.one<{ n: number }>(sql`SELECT count(*) AS n FROM users`);
  if (n > 0) return `The database has ${n} users already: nothing was added.`;
  for (const [index, name] of NAMES.entries()) {
    const [first = ''] = name.toLowerCase().split(' ');
    const plan = PLANS[index % PLANS.length] ?? 'free';
    const createdAt = new Date(Date.now() - index * DAY_MS);
    await createUser(tx, { name, email: `${first}@example.com`, plan, createdAt });
  }
  return `Added ${NAMES.length} users.`;
}
