export { planMeeting } from './plan-meeting.js';
