import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResponse,
} from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

const jsonrpc = z.literal('2.0');
const id = z.union([z.string(), z.int()]);
const method = z.string();
const params = z.looseObject({}).optional();

const Request = z.looseObject({ jsonrpc, id, method, params });
const Notification = z.looseObject({ jsonrpc, id: z.never().optional(), method, params });
const Result = z.looseObject({ jsonrpc, id, result: z.looseObject({}) });
const Failure = z.looseObject({ jsonrpc, id, error: z.looseObject({}) });

/*
 * What comes out of Redis, in outline: the protocol library looks closer when it serves a message, but it takes long to load and
 * is not there from the start.
 */

export function isRequest(value: unknown): value is JSONRPCRequest {
  return Request.safeParse(value).success;
}

export function isNotification(value: unknown): value is JSONRPCNotification {
  return Notification.safeParse(value).success;
}

export function isResponse(value: unknown): value is JSONRPCResponse {
  return Result.safeParse(value).success || Failure.safeParse(value).success;
}

export function isMessage(value: unknown): value is JSONRPCMessage {
  return isRequest(value) || isNotification(value) || isResponse(value);
}
