import { ToolError } from '../pipeline/errors.js';
import { timeIn, zones } from '../time/zones.js';
import { defineResourceTemplate } from './define-resource.js';

export const timeZone = defineResourceTemplate({
  name: 'time_zone',
  uriTemplate: 'time://zones/{+zone}',
  title: 'Time in a zone',
  description: 'The current date and time in one time zone.',
  mimeType: 'text/plain',
  read({ zone = '' }) {
    if (!zones.includes(zone)) throw new ToolError('NOT_FOUND', `No time zone is called ${zone}.`);
    return timeIn(zone, new Date());
  },
});
