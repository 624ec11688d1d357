import { createProtocol } from '../../src/http/protocol.js';
import { toResponse, webRequest } from '../../src/http/web-request.js';
