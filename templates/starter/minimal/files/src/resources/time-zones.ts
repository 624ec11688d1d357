import { defineResource } from '../parts.js';
import { zones } from '../time/zones.js';

export const timeZones = defineResource({
  name: 'time_zones',
  uri: 'time://zones',
  title: 'Time zones',
  description: 'The names of all time zones, one per line.',
  mimeType: 'text/plain',
  cacheSeconds: 3_600,
  read() {
    return zones.join('\n');
  },
});
