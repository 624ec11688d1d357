import { Approvals } from './policy/approvals.js';
import { type LivePolicy, openPolicy } from './policy/live-policy.js';
