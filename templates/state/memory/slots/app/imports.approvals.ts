import { LocalUsedIds } from './policy/used-ids.js';
