// An OpenID provider on this machine: whoever signs in is the address they type; "unverified-" before it takes proof away.

import Provider from "oidc-provider";

const [port, redirect, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "clinic", client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ["test"] },
  async findAccount(_, id) {
    const email = id.replace("unverified-", "");
    return { accountId: id, claims: () => ({ sub: id, email, email_verified: !id.startsWith("unverified-") }) };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
