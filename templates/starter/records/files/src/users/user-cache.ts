import { int, type Part } from '../kit/index.js';
import type { User } from './users.js';

const settings = { USER_CACHE_SECONDS: int(0, 60).default(5) };

/** How many users are kept; the one that was kept first goes first. */
const MAX_USERS = 1_000;

const PREFIX = 'users:///';

/** The address of a user as a resource. */
export const userUri = (id: string): string => PREFIX + id;

export interface UserCache {
  /** The user as it was read before, or what `load` gives. */
  get(id: string, load: () => Promise<User>): Promise<User>;
  /** Has the next call read the user again. */
  forget(id: string): void;
}

/**
 * Users who were read lately, for all callers alike. Whoever changes a user tells its resource's listeners, and this is one of them:
 * replicas that share their changes forget it within milliseconds. Others may answer for `USER_CACHE_SECONDS` with what was; nothing is
 * decided by that, because a change names the version that it is about.
 */
export function userCache() {
  return {
    settings,
    open({ config, metrics, state }) {
      const help = 'Reads of one user, by whether the cache had it.';
      const reads = metrics.counters('user_cache_reads_total', help, 'outcome', ['hit', 'miss']);
      const kept = new Map<string, { readonly user: User; readonly until: number }>();
      // Grows when something is forgotten: what was read before that may be old already.
      let forgotten = 0;

      const forget = (id: string) => {
        forgotten += 1;
        kept.delete(id);
      };
      state.changes.listen((change) => {
        if (change.kind === 'missed') {
          forgotten += 1;
          kept.clear();
        } else if ('uri' in change && change.uri.startsWith(PREFIX)) {
          forget(change.uri.slice(PREFIX.length));
        }
      });

      return {
        async get(id, load) {
          const known = kept.get(id);
          if (known !== undefined && known.until > performance.now()) {
            reads.hit.inc();
            return known.user;
          }
          reads.miss.inc();
          const before = forgotten;
          const user = await load();
          if (before !== forgotten) return user;
          kept.delete(id);
          kept.set(id, { user, until: performance.now() + config.USER_CACHE_SECONDS * 1_000 });
          for (const oldest of kept.keys()) {
            if (kept.size <= MAX_USERS) break;
            kept.delete(oldest);
          }
          return user;
        },
        forget,
      };
    },
  } satisfies Part<typeof settings, UserCache>;
}
