import { NO_METRICS } from '../definitions/definitions.js';
import type { SettingsShape } from '../definitions/settings.js';
import { type Env, loadSettings } from '../host/host.js';
import { nodeHost } from '../host/node/host.js';
import { orExit } from '../host/node/lifecycle.js';
import { loadEnvFile } from '../host/node/project.js';
import type { PartEnv } from '../parts.js';
import type { SqlPart, SqlRunner } from '../store/sql.js';
import { createLogger } from '../telemetry/logger.js';
import { reasonOf } from './migration-program.js';

/**
 * The program behind `npm run seed`: fills the database of `DATABASE_URL` with sample data, in one transaction. It refuses to run in
 * production, where `NODE_ENV` says so, as it does in the image.
 * @param fill adds the data where there are none, and returns a sentence that says what it has done
 * @returns its exit code
 */
export async function seed<Shape extends SettingsShape>(
  datastore: SqlPart<Shape>,
  fill: (tx: SqlRunner) => Promise<string>,
  env: Env = process.env,
): Promise<number> {
  loadEnvFile();
  const { NODE_ENV } = env;
  if (NODE_ENV === 'production') {
    process.stderr.write(
      'Sample data are for development, and NODE_ENV is production: nothing was added.\n',
    );
    return 1;
  }
  const config = orExit(() => loadSettings(datastore.settings as Shape, env, [], nodeHost.files));
  // All that a store looks at: there is no server around it.
  const partEnv: Pick<PartEnv, 'about' | 'log' | 'metrics' | 'tracing'> = {
    about: { name: 'seed', version: '0' },
    log: createLogger(nodeHost, 'silent', 'seed'),
    metrics: NO_METRICS,
    tracing: undefined,
  };
  const store = datastore.open({ ...partEnv, config } as PartEnv<Shape>);
  try {
    process.stdout.write(`${await store.transaction(fill)}\n`);
    return 0;
  } catch (error) {
    const { cause } = error as Error;
    process.stderr.write(`The sample data cannot be added: ${reasonOf(cause ?? error)}\n`);
    return 1;
  } finally {
    await store.close();
  }
}
