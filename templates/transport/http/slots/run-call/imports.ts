import { sawCall } from '../http/refused-calls.js';
