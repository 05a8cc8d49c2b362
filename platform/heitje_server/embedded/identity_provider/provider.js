// SPDX-License-Identifier: EUPL-1.2
// An OpenID Connect provider for demo and tests: one button per person, no passwords. Never for real people.
// node provider.js SETTINGS.json NODE_MODULES
// People and clients are read again when SETTINGS.json changes, so a test may add its own while this runs.

import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [settingsFile, modulesFolder] = process.argv.slice(2);
const installed = createRequire(join(modulesFolder, "here.js"));
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const { Provider, interactionPolicy } = await load("oidc-provider");
const { default: MemoryAdapter } = await load("oidc-provider/lib/adapters/memory_adapter.js");

let read = { at: "", settings: undefined };
function settings() {
  const { ino, mtimeNs } = statSync(settingsFile, { bigint: true });
  const at = `${ino} ${mtimeNs}`;
  if (at !== read.at) read = { at, settings: JSON.parse(readFileSync(settingsFile, "utf8")) };
  return read.settings;
}

const store = new Map();
class Adapter extends MemoryAdapter {
  constructor(model) {
    super(model, store);
  }

  async find(id) {
    if (this.model === "Client") return settings().clients.find((client) => client.client_id === id);
    return super.find(id);
  }
}

const { issuer, port, jwks, cookie_keys: cookieKeys, claims_in_id_token: claimsInIdToken } = settings();
const LEVELS = ["low", "substantial", "high"].map((level) => `http://eidas.europa.eu/LoA/${level}`);

// Whoever signs out of the platform wants to choose another person, not to come back as the same one.
const policy = interactionPolicy.base();
const { Check } = interactionPolicy;
policy.get("login").checks.add(
  new Check("choose_again", "Every sign-in chooses a person", ({ oidc }) =>
    oidc.result?.login || oidc.prompts.has("none") ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
  ),
);

const provider = new Provider(issuer, {
  adapter: Adapter,
  jwks,
  cookies: { keys: cookieKeys },
  acrValues: LEVELS,
  claims: {
    openid: ["sub", "acr"],
    profile: ["name", "organisation", "groups"],
    email: ["email", "email_verified"],
  },
  conformIdTokenClaims: !claimsInIdToken,
  clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  enabledJWA: { idTokenSigningAlgValues: ["ES256", "PS256", "RS256"] },
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  subjectTypes: ["public", "pairwise"],
  pairwiseIdentifier: (ctx, sub, client) => `${client.clientId}:${sub}`,
  pkce: { required: () => true },
  interactions: { policy, url: (ctx, interaction) => `/choose/${interaction.uid}` },
  findAccount(ctx, sub) {
    const person = settings().people.find((someone) => someone.sub === sub);
    return person && { accountId: sub, claims: () => person };
  },
  async loadExistingGrant(ctx) {
    // Nobody is asked for consent: an employer's provider does not ask either.
    const { client, session, params } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(params.scope);
    grant.addOIDCClaims(["name", "organisation", "groups", "email", "email_verified", "acr"]);
    await grant.save();
    return grant;
  },
});

const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const button = (person) => `<li><button name="sub" value="${escape(person.sub)}"><b>${escape(person.name)}</b>
  <span>${escape(person.hint ?? [person.organisation, ...(person.groups ?? [])].join(" · "))}</span></button></li>`;

const page = (details) => `<!doctype html>
<html lang="nl">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Inloggen bij de demo</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; background: #f2f4f7; color: #16202c; margin: 0; }
  main { max-width: 32rem; margin: 6vh auto; padding: 2rem; background: #fff; border-radius: 1rem; }
  h1 { font-size: 1.5rem; margin-top: 0; } ul { list-style: none; padding: 0; display: grid; gap: .75rem; }
  button { width: 100%; padding: .9rem 1.1rem; text-align: left; font: inherit; color: inherit; cursor: pointer;
    background: #fff; border: 2px solid #c3ccd6; border-radius: .75rem; }
  button:hover, button:focus-visible { border-color: #0b5fb0; outline: 3px solid #0b5fb040; }
  span { display: block; color: #4a5866; font-size: .95rem; }
</style>
<main>
  <h1>Wie bent u vandaag?</h1>
  <p>Dit is de inlogdienst van de demo. Kies een persoon; een wachtwoord is niet nodig.</p>
  <form method="post" action="/choose/${escape(details.uid)}">
    <ul>${settings().people.map(button).join("")}</ul>
  </form>
</main>
</html>`;

// The library's own way to change persons is a page that submits itself by script; this needs none.
async function forgetWhoItWas(details) {
  if (!details.session) return;
  await (await provider.Session.findByUid(details.session.uid))?.destroy();
  details.session = undefined;
  await details.save(details.exp - Math.floor(Date.now() / 1000));
}

async function formOf(request) {
  let body = "";
  for await (const part of request) {
    body += part;
    if (body.length > 10_000) throw new Error("too long");
  }
  return new URLSearchParams(body);
}

provider.use(async (ctx, next) => {
  if (!/^\/choose\/[\w-]+$/.test(ctx.path)) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === "POST") {
    const wanted = String(details.params.acr_values ?? "").split(" ");
    const acr = LEVELS.find((level) => wanted.includes(level)) ?? LEVELS[1];
    const accountId = (await formOf(ctx.req)).get("sub");
    await forgetWhoItWas(details);
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId, acr, amr: ["pwd", "mfa"] } });
  }
  ctx.set("Cache-Control", "no-store");
  ctx.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  ctx.type = "html";
  ctx.body = page(details);
});

provider.on("server_error", (ctx, error) => console.error(error));
createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log(`listening as ${issuer}`));
