import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
