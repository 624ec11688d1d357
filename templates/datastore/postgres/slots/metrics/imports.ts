import type { Store } from '../datastore/index.js';
