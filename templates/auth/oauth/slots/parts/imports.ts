import { oauth } from './kit/auth/oauth.js';
