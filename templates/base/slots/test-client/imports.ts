import { createMcpHandler } from '@modelcontextprotocol/server';
import { createServer } from '../../src/server.js';
