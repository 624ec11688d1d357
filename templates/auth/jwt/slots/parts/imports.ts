import { jwt } from './kit/auth/jwt.js';
