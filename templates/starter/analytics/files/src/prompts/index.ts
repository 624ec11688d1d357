export { regionReport } from './region-report.js';
