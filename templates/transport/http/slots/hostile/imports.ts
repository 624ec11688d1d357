import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttpHandler } from '../src/http/handler.js';
import { createNodeServer } from '../src/http/node-server.js';
import { connectTo } from './support/client.js';
import { credentials } from './support/credentials.js';
