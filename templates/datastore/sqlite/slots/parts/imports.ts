import { sqlite } from './kit/store/sqlite.js';
