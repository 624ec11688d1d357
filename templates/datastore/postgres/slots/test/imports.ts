import { openTestDatabase } from './database.js';
