export { timeZone } from './time-zone.js';
export { timeZones } from './time-zones.js';
