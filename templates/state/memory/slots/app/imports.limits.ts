import { TokenBuckets } from './limits/token-buckets.js';
