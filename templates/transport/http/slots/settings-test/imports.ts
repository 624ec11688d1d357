import { httpSettings } from '../src/kit/http/app.js';
