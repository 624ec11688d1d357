import { migrateIndices } from './kit/serve/migrate-indices.js';
import { parts } from './parts.js';

process.exitCode = await migrateIndices(parts.store);
