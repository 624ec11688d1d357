import { withProjectPaths } from './datastore/database-url.js';
