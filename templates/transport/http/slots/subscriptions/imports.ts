import { mayRead } from '../policy/may-read.js';
