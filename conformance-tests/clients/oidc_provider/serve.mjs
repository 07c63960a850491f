// The control of the OpenID Connect suite: npm's oidc-provider on loopback, with its own pages for
// sign-in and consent. `serve.mjs CONFIGURATION`, a JSON file with port and issuer, the clients' metadata
// and where the packages lie.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { port, issuer, clients, packages } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const entry = createRequire(packages).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(entry));

const key = (kind, options, kid, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig',
});

const claims = {
  profile: ['name', 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
};

const account = (sub) => ({
  accountId: sub,
  claims: () => ({
    sub,
    name: `Somebody called ${sub}`,
    preferred_username: sub,
    updated_at: 1700000000,
    email: `${sub}@example.test`,
    email_verified: true,
    phone_number: '+8613800000002',
    phone_number_verified: false,
    address: { formatted: '1 Campus Road' },
  }),
});

const isFapi = (client) => client?.clientId === 'conformance-fapi';

const provider = new Provider(issuer, {
  clients,
  // Its own guard refuses loopback, where the suite listens.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  claims,
  scopes: ['openid', 'offline_access'],
  findAccount: (ctx, sub) => account(sub),
  jwks: {
    keys: [
      key('rsa', { modulusLength: 2048 }, 'rs', 'RS256'),
      key('rsa', { modulusLength: 2048 }, 'ps', 'PS256'),
      key('ec', { namedCurve: 'P-256' }, 'es', 'ES256'),
      key('ed25519', {}, 'ed', 'EdDSA'),
    ],
  },
  // A browser that posts from another site brings its cookies only then.
  cookies: { keys: ['for the length of one run'], long: { signed: true, sameSite: 'none' } },
  enableHttpPostMethods: true,
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    userinfoSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  subjectTypes: ['public', 'pairwise'],
  pairwiseIdentifier: (ctx, accountId, client) => `${client.sectorIdentifier}-${accountId}`,
  // As the OpenID Foundation's plans need it: confidential clients may do without.
  pkce: { required: (ctx, client) => client.clientAuthMethod === 'none' || isFapi(client) },
  features: {
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: {
      enabled: true,
      nonceSecret: Buffer.alloc(32, 'for the length of one run'),
      requireNonce: (ctx) => ctx.oidc.client?.clientId === 'conformance-nonce',
    },
    fapi: { enabled: true, profile: (ctx, client) => (isFapi(client) ? '2.0' : undefined) },
    jwtUserinfo: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, client, token) => token.clientId === client.clientId,
    },
    pushedAuthorizationRequests: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
});

provider.on('server_error', (ctx, error) => console.error(error));
provider.listen(port, '127.0.0.1');
