import { defineResourceTemplate } from '../parts.js';
import { timeIn, zones } from '../time/zones.js';

export const timeZone = defineResourceTemplate({
  name: 'time_zone',
  uriTemplate: 'time://zones/{+zone}',
  title: 'Time in a zone',
  description: 'The current date and time in one time zone.',
  mimeType: 'text/plain',
  complete: {
    zone(value) {
      const typed = value.toLowerCase();
      return zones.filter((zone) => zone.toLowerCase().includes(typed));
    },
  },
  read({ zone = '' }) {
    return timeIn(zone, new Date());
  },
});
