import { openStore, type Store } from './datastore/index.js';
