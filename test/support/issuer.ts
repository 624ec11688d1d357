/** An issuer of tokens on this machine whose keys a test may change, and whose tokens may be wrong in any way. */
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Puts a token together without looking at what is in it. `signer` signs the text of the first two parts. */
export function forge(header: unknown, claims: unknown, signer: (text: string) => Buffer): string {
  const text = `${base64url(header)}.${base64url(claims)}`;
  return `${text}.${signer(text).toString('base64url')}`;
}

export const unsigned = () => Buffer.alloc(0);
export const hmac = (secret: string | Buffer) => (text: string) =>
  createHmac('sha256', secret).update(text).digest();
export const es256 = (key: KeyObject) => (text: string) =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });

export interface KeyPair {
  readonly publicJwk: JWK;
  readonly privateKey: KeyObject;
}

/** A pair for ES256. */
export async function keyPair(kid: string): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
    privateKey: createPrivateKey({ key: await exportJWK(privateKey), format: 'jwk' }),
  };
}

export interface Issuer {
  readonly url: string;
  /** What it publishes now; a test may change it. */
  keys: JWK[];
  /** How often its keys were fetched. */
  fetches: number;
  /** Answers every request with this status instead, when it is set. */
  broken: number | undefined;
  close(): Promise<void>;
}

/** Serves metadata and keys. The caller closes it. */
export async function startIssuer(keys: JWK[]): Promise<Issuer> {
  const server = createServer((request, response) => {
    if (issuer.broken !== undefined) return void response.writeHead(issuer.broken).end();
    const isKeySet = request.url === '/jwks.json';
    if (isKeySet) issuer.fetches += 1;
    const metadata = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks.json` };
    response.end(JSON.stringify(isKeySet ? { keys: issuer.keys } : metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    fetches: 0,
    broken: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
