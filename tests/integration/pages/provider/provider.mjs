// An OpenID Connect provider that is not ours (the package oidc-provider), with accounts named for roles.
// Everything it needs comes as JSON on standard input; "ready" on standard output says that it listens.
import { createServer } from "node:http";
import { createServer as createClosedServer } from "node:https";
import { readFileSync } from "node:fs";

import Provider from "oidc-provider";

const told = JSON.parse(readFileSync(0, "utf8"));
const dismissed = new Set();

// One with an address is an application that people sign in to; one without is a machine that asks for itself.
const clients = Object.entries(told.clients).map(([client_id, address]) =>
  address === null
    ? {
        client_id,
        client_secret: told.secret,
        grant_types: ["client_credentials"],
        token_endpoint_auth_method: "client_secret_post",
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: "ES256",
      }
    : {
        client_id,
        client_secret: told.secret,
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_post",
        redirect_uris: [`${address}/sign-in/callback`],
        post_logout_redirect_uris: [`${address}/signed-out`],
        id_token_signed_response_alg: "ES256",
      },
);

const provider = new Provider(told.issuer, {
  jwks: { keys: told.keys },
  cookies: { keys: [told.secret] },
  clients,
  pkce: { required: () => true },
  claims: { openid: ["sub"] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // What somebody may do belongs into the access token: "role@scope" is the name of an account (or a machine) here.
  extraTokenClaims: (_context, token) => {
    const account = token.accountId ?? token.clientId;
    const [role, scope] = account.split("@");
    return { grants: dismissed.has(account) ? [] : [{ role, scope }] };
  },
  issueRefreshToken: () => true,
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
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

const serve = (request, response) => {
  const { pathname, searchParams } = new URL(request.url, provider.issuer);
  if (pathname === "/dismiss") {
    dismissed.add(searchParams.get("account"));
    response.end();
  } else answer(request, response);
};

(told.tls ? createClosedServer(told.tls, serve) : createServer(serve)).listen(told.port, "127.0.0.1", () => console.log("ready"));
