/** The plain recipe of the SDK: a server for each request, schemas at module scope, node:http. TOOLS says how many tools it has. */
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { recipeServer } from './recipe-server.mjs';

const handler = toNodeHandler(createMcpHandler(recipeServer));
createServer((request, response) => void handler(request, response)).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);
