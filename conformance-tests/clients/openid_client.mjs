// A relying party by npm's openid-client. `openid_client.mjs CONFIGURATION`, a JSON file with
// issuer, client_id, client_secret, the own address, the port to listen on and where the packages
// lie.
//
//   /               what ID token, userinfo and token response said of who is signed in
//   /refresh        the same after a refresh
//   /sign-out       ends the session here and at the provider
//   /goodbye        where the provider sends people afterwards
//   /signin/ended   the back channel of logout; /signin/left the front channel
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { issuer, client_id, client_secret, own, port, packages } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
const load = (name) => import(pathToFileURL(createRequire(packages).resolve(name)));
const client = await load('openid-client');
const jose = await load('jose');

const config = await client.discovery(
  new URL(issuer),
  client_id,
  undefined,
  client.ClientSecretBasic(client_secret),
  { execute: [client.allowInsecureRequests] },
);
const provider = config.serverMetadata();
const keys = jose.createRemoteJWKSet(new URL(provider.jwks_uri));
const COOKIE = 'openid_client';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

// By the cookie's value: a sign-in under way, or a session.
const pending = new Map();
const sessions = new Map();

async function begin(response) {
  const id = randomBytes(32).toString('base64url');
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  pending.set(id, checks);
  const to = client.buildAuthorizationUrl(config, {
    redirect_uri: `${own}/signin/callback`,
    scope: 'openid profile campus email',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  redirect(response, to.href, id);
}

async function callback(url, id, response) {
  const checks = pending.get(id);
  pending.delete(id);
  const tokens = await client.authorizationCodeGrant(config, url, {
    ...checks,
    idTokenExpected: true,
  });
  const session = await signedIn(tokens, tokens.claims());
  const fresh = randomBytes(32).toString('base64url');
  sessions.set(fresh, session);
  redirect(response, `${own}/`, fresh);
}

async function signedIn(tokens, claims) {
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { tokens, claims, userinfo };
}

async function refresh(id, response) {
  const before = sessions.get(id);
  const tokens = await client.refreshTokenGrant(config, before.tokens.refresh_token);
  tokens.id_token ??= before.tokens.id_token;
  tokens.refresh_token ??= before.tokens.refresh_token;
  sessions.set(id, await signedIn(tokens, tokens.claims() ?? before.claims));
  tell(sessions.get(id), response);
}

function leave(id, response) {
  const session = sessions.get(id);
  sessions.delete(id);
  const to = client.buildEndSessionUrl(config, {
    id_token_hint: session.tokens.id_token,
    post_logout_redirect_uri: `${own}/goodbye`,
    state: 'as it was',
  });
  redirect(response, to.href, id);
}

async function ended(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const token = new URLSearchParams(body).get('logout_token');
  const { payload } = await jose.jwtVerify(token, keys, {
    issuer: provider.issuer,
    audience: client_id,
    typ: 'logout+jwt',
    requiredClaims: ['jti', 'iat', 'exp'],
  });
  if (payload.nonce !== undefined || !payload.events?.[EVENT]) throw new Error('no logout token');
  forget(({ claims }) => payload.sid === undefined
    ? claims.sub === payload.sub
    : claims.sid === payload.sid);
  response.writeHead(200, { 'Cache-Control': 'no-store' }).end();
}

function left(url, response) {
  const { iss, sid } = Object.fromEntries(url.searchParams);
  if (iss === provider.issuer && sid) forget(({ claims }) => claims.sid === sid);
  response.writeHead(200, { 'Cache-Control': 'no-store', 'Content-Type': 'text/html' }).end();
}

function forget(whom) {
  for (const [id, session] of sessions) if (whom(session)) sessions.delete(id);
}

function tell({ tokens, claims, userinfo }, response) {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ id_token: claims, userinfo, access_token: tokens.access_token }));
}

function redirect(response, to, id) {
  response.writeHead(302, {
    Location: to,
    'Set-Cookie': `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`,
  });
  response.end();
}

async function answer(request, response) {
  const url = new URL(request.url, own);
  const id = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
  switch (url.pathname) {
    case '/goodbye':
      return response.end('goodbye');
    case '/signin/callback':
      return callback(url, id, response);
    case '/signin/ended':
      return ended(request, response);
    case '/signin/left':
      return left(url, response);
  }
  if (!sessions.has(id)) return begin(response);
  switch (url.pathname) {
    case '/refresh':
      return refresh(id, response);
    case '/sign-out':
      return leave(id, response);
    default:
      return tell(sessions.get(id), response);
  }
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(400).end(`${error}`);
  });
}).listen(port, '127.0.0.1');
