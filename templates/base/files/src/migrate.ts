import { migrate } from './kit/serve/migrate.js';
import { parts } from './parts.js';

process.exitCode = await migrate(parts.store);
