/** A real OAuth 2.1 authorization server (oidc-provider) on this machine, with a person who signs in and agrees to everything. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const ALG = 'ES256';
const PERSON = 'alice';

/** One request to the server: what came in the address and in the form. */
export interface Exchange {
  readonly path: string;
  readonly parameters: URLSearchParams;
}

export interface AuthorizationServer {
  readonly issuer: string;
  /** Everything that was asked so far, in order. */
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

/**
 * Issues JWT access tokens (RFC 9068) for `resource` alone, with these scopes. `clientDocuments` describe clients that are
 * known by the address of such a document instead of a registration. The caller closes it.
 */
export async function startAuthorizationServer(
  resource: string,
  scopes: readonly string[],
  clientDocuments: Readonly<Record<string, object>> = {},
): Promise<AuthorizationServer> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { privateKey } = await generateKeyPair(ALG, { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: ALG, use: 'sig', kid: 'first' };
  const exchanges: Exchange[] = [];
  const provider = new Provider(issuer, {
    jwks: { keys: [jwk] },
    scopes: ['openid', 'offline_access', ...scopes],
    clientDefaults: { id_token_signed_response_alg: ALG },
    enabledJWA: { idTokenSigningAlgValues: [ALG] },
    cookies: { keys: ['of this test'] },
    pkce: { required: () => true },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_, { uid }) => `/person/${uid}` },
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    // Only for client documents.
    fetch: async (url) => {
      const document = clientDocuments[String(url instanceof Request ? url.url : url)];
      return document ? Response.json(document) : new Response(null, { status: 404 });
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo(_, wanted) {
          if (wanted !== resource) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(' '),
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 300,
            jwt: { sign: { alg: ALG } },
          };
        },
      },
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    const { oidc = {} } = ctx as { oidc?: { readonly body?: object; readonly params?: object } };
    const given = Object.entries({ ...ctx.query, ...oidc.params, ...oidc.body });
    const texts = given.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    exchanges.push({ path: ctx.path, parameters: new URLSearchParams(texts) });
  });

  const answer = provider.callback();
  handle = (request, response) => {
    if (!request.url?.startsWith('/person/')) return void answer(request, response);
    agree(provider, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  };
  return {
    issuer,
    exchanges,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a person would do on the pages of the provider: sign in, then agree to whatever is asked. */
async function agree(provider: Provider, request: IncomingMessage, response: ServerResponse) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: PERSON } });
    return;
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    known ??
    new provider.Grant({
      accountId: session?.accountId ?? PERSON,
      clientId: String(params['client_id']),
    });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(
    request,
    response,
    { consent },
    { mergeWithLastSubmission: true },
  );
}
