import { weaknessOf } from './auth/weak-secret.js';
