import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import '../support/project.js';
import { newFolder } from '../support/folder.js';
import { openSearchStore } from '../support/search-stores.js';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}

/** A cluster whose certificate nobody has signed. */
async function startOverTls() {
  const folder = newFolder('tls');
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  const [key, cert] = [keyFile, certFile].map((file) => readFileSync(file, 'utf8'));
  const server = createServer({ key, cert }, (request, response) => {
    const found = { notes: { aliases: { notes: {} }, mappings: {} } };
    response.statusCode = request.method === 'PUT' ? 400 : 200;
    response.end(JSON.stringify(request.url?.startsWith('/notes') ? found : { status: 'green' }));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://localhost:${port}`, cert };
}

test.skipIf(!hasOpenssl())(
  'a certificate is trusted only when DATABASE_CA names who signed it',
  async () => {
    const { url, cert = '' } = await startOverTls();
    const stranger = openSearchStore({ DATABASE_URL: url });
    await expect(stranger.ping()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { cause: { message: 'self-signed certificate' } },
    });
    // It is reached; that its index is none of ours is another matter.
    const trusted = openSearchStore({ DATABASE_URL: url, DATABASE_CA: cert });
    await expect(trusted.ping()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('is an index of somebody else') },
    });
  },
);
