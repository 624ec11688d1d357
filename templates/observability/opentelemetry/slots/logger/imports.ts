import { currentTrace } from './current-trace.js';
