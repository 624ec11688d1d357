import { mayRead } from '../policy/may-read.js';
import { OWNER } from './owner.js';
