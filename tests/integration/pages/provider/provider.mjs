// An OpenID Connect provider that is not ours (the package oidc-provider), with one client and accounts named for roles.
// Everything it needs comes as JSON on standard input; "ready" on standard output says that it listens.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

import Provider from "oidc-provider";

const told = JSON.parse(readFileSync(0, "utf8"));
const dismissed = new Set();

const provider = new Provider(`http://127.0.0.1:${told.port}`, {
  jwks: { keys: told.keys },
  cookies: { keys: [told.secret] },
  clients: [
    {
      client_id: "fangkong-reporting",
      client_secret: told.secret,
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: ["http://localhost:8000/sign-in/callback"],
      post_logout_redirect_uris: ["http://localhost:8000/signed-out"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // What somebody may do belongs into the access token: "role@scope" is the name of an account here.
  extraTokenClaims: (_context, token) => {
    const [role, scope] = token.accountId.split("@");
    return { grants: dismissed.has(token.accountId) ? [] : [{ role, scope }] };
  },
  issueRefreshToken: () => true,
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:fangkong",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "",
        audience: "fangkong",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

const answer = provider.callback();

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, provider.issuer);
  if (pathname === "/dismiss") {
    dismissed.add(searchParams.get("account"));
    response.end();
  } else answer(request, response);
}).listen(told.port, "127.0.0.1", () => console.log("ready"));
