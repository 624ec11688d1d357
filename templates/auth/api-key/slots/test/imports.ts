import { credentials } from './credentials.js';
