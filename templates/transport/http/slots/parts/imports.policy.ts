import { policyFile } from './kit/policy/policy-file.js';
