// SPDX-License-Identifier: EUPL-1.2
// Pages open without a network: the shell from the first visit on, pages as they were last seen.
// Never kept: what is sent, the API, the portal, the operator's pages, the till. Served at /sw.js.

const facts = /* FACTS */ {};
const SHELL = `shell-${facts.version}`;
const PAGES = "pages";
const PATIENCE_MS = 4000;
const NEVER = ["/api", "/portal", "/operator", "/till", "/sign-in", "/sign-out", "/sw.js"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(facts.shell)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(removeOldShells().then(() => clients.claim()));
});

addEventListener("message", (event) => {
  if (event.data?.forget) event.waitUntil(caches.delete(PAGES));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname.endsWith("/sign-out")) {
    event.waitUntil(caches.delete(PAGES));
    return;
  }
  if (request.method !== "GET" || NEVER.some((path) => url.pathname === path || url.pathname.startsWith(`${path}/`))) return;
  if (url.pathname.startsWith("/static/") || url.pathname.startsWith("/theme/")) event.respondWith(fromShell(request));
  else if (request.mode === "navigate") event.respondWith(fromNetworkFirst(request));
});

async function removeOldShells() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("shell-") && name !== SHELL).map((name) => caches.delete(name)));
}

async function fromShell(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(SHELL)).put(request, answer.clone());
  return answer;
}

async function fromNetworkFirst(request) {
  const cache = await caches.open(PAGES);
  const network = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected && answer.type === "basic") await keep(cache, request, answer.clone());
    return answer;
  });
  network.catch(() => {});
  try {
    return await Promise.race([network, tooLong()]);
  } catch {
    return (await cache.match(request)) ?? (await orOffline(network));
  }
}

function tooLong() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("slow")), PATIENCE_MS));
}

async function orOffline(network) {
  try {
    return await network;
  } catch {
    return (await caches.match("/offline")) ?? Response.error();
  }
}

// The kept copy says when it was taken; kept.js shows that beside the balance, so that nobody takes it for today's.
async function keep(cache, request, answer) {
  const page = await answer.text();
  const marked = page.replace("<html ", `<html data-kept-at="${new Date().toISOString()}" `);
  await cache.put(request, new Response(marked, { status: answer.status, headers: answer.headers }));
}
