/** The plain recipe of the SDK for stdio. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { recipeServer } from './recipe-server.mjs';

serveStdio(recipeServer);
