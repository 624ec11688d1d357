import { seed } from './kit/serve/seed.js';
import { parts } from './parts.js';
import { addSampleUsers } from './users/sample-users.js';

process.exitCode = await seed(parts.store, addSampleUsers);
