import { Changes } from './changes/changes.js';
