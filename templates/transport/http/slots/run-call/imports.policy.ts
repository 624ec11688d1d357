import { admit } from '../policy/admit.js';
