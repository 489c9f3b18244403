// A real OpenID Connect provider on a free port of this machine: prints its issuer, and ends with whoever started it. Anybody may
// sign in as anybody (the provider's own forms for development); account `ada` has the verified e-mail ada@example.org.
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;

const configuration = {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'zoneinfo'],
  },
  cookies: { keys: ['a key for tests'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: id !== 'unverified',
      name: `${id} at the provider`,
      zoneinfo: 'Europe/Paris',
    }),
  }),
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
};

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  answer = new Provider(issuer, configuration).callback();
  console.log(issuer);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit());
