import { postgres } from './kit/store/postgres.js';
