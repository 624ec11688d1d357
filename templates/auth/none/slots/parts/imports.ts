import { anonymous } from './kit/auth/anonymous.js';
