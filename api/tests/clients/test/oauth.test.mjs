// An app of others, by oauth4webapi (https://github.com/panva/oauth4webapi), and a person's browser without scripts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { ask } from './server.mjs';

const issuer = new URL(process.env.POSTHASTE_URL);
const insecure = { [oauth.allowInsecureRequests]: true };
const back = 'http://127.0.0.1/back';

/** Registers an app. */
async function register(isConfidential) {
  const { oauthAppCreate } = await ask(
    'mutation($input: OauthAppCreateInput!) { oauthAppCreate(input: $input) { oauthApp { id } secret errors { code message } } }',
    { input: { name: 'Calendar', redirectUris: [back], permissions: ['READ', 'WRITE'], isConfidential } },
  );
  assert.deepEqual(oauthAppCreate.errors, []);
  return { id: oauthAppCreate.oauthApp.id, secret: oauthAppCreate.secret };
}

/** The person's browser: a jar, and forms filled in as they stand. */
class Browser {
  jar = new Map();

  async send(address, fields) {
    const headers = { 'sec-fetch-site': fields ? 'same-origin' : 'cross-site' };
    if (this.jar.size) headers.cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = fields && new URLSearchParams(fields);
    const response = await fetch(new URL(address, issuer), { method: fields ? 'POST' : 'GET', headers, body, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = set.match(/^([^=]+)=([^;]*)/);
      this.jar.set(name, value);
    }
    return { status: response.status, location: response.headers.get('location'), text: await response.text() };
  }

  async submit(page, filled) {
    const plain = (text) => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
    const hidden = [...page.text.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const [, action] = [...page.text.matchAll(/<form method="post" action="([^"]+)"/g)].at(-1);
    return this.send(action, { ...Object.fromEntries(hidden.map(([, name, value]) => [name, plain(value)])), ...filled });
  }
}

for (const isConfidential of [true, false]) {
  test(`${isConfidential ? 'a program on a server' : 'a program on a machine'} is let in, refreshes and leaves`, async () => {
    const { id, secret } = await register(isConfidential);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
    );
    const resource = await oauth.processResourceDiscoveryResponse(issuer, await oauth.resourceDiscoveryRequest(issuer, insecure));
    assert.deepEqual(resource.authorization_servers, [server.issuer]);
    const client = { client_id: id };
    const shown = isConfidential ? oauth.ClientSecretBasic(secret) : oauth.None();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const asks = new URL(server.authorization_endpoint);
    asks.search = new URLSearchParams({
      client_id: id,
      redirect_uri: back,
      response_type: 'code',
      scope: 'READ WRITE',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });

    const browser = new Browser();
    const door = await browser.send(asks);
    const led = await browser.submit(door, { email: 'owner@example.com', password: 'only for these tests' });
    assert.equal(led.status, 303, led.text);
    const question = await browser.send(led.location);
    const answered = await browser.submit(question, { decision: 'allow' });
    assert.equal(answered.status, 303, answered.text);

    const found = oauth.validateAuthResponse(server, client, new URL(answered.location), state);
    const asked = await oauth.authorizationCodeGrantRequest(server, client, shown, found, back, verifier, insecure);
    const first = await oauth.processAuthorizationCodeResponse(server, client, asked);
    assert.equal(first.scope, 'READ WRITE');
    // The clock goes on between the two.
    assert(first.expires_in > 840 && first.expires_in <= 900, `${first.expires_in}`);
    const look = (token) =>
      oauth.protectedResourceRequest(
        token, 'POST', new URL('/graphql', issuer), new Headers({ 'content-type': 'application/json' }),
        JSON.stringify({ query: '{ viewer { kind permissions } }' }), insecure,
      );
    const seen = await (await look(first.access_token)).json();
    assert.deepEqual(seen.data.viewer, { kind: 'APP', permissions: ['READ', 'WRITE'] });

    const again = await oauth.refreshTokenGrantRequest(server, client, shown, first.refresh_token, insecure);
    const second = await oauth.processRefreshTokenResponse(server, client, again);
    assert.notEqual(second.refresh_token, first.refresh_token);
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, shown, second.refresh_token, insecure),
    );
    await assert.rejects(look(second.access_token), (error) => {
      assert(error instanceof oauth.WWWAuthenticateChallengeError);
      assert.equal(error.cause[0].scheme, 'bearer');
      return error.status === 401;
    });
    const late = await oauth.refreshTokenGrantRequest(server, client, shown, second.refresh_token, insecure);
    await assert.rejects(oauth.processRefreshTokenResponse(server, client, late), { error: 'invalid_grant' });
  });
}
