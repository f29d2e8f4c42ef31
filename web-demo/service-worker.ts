// The service worker: answers from what was kept, with the headers that isolate the page (shared memory needs them).
// The build puts the files of the page and a stamp of their contents in the place of the two names below.
declare const PAGE_FILES: readonly string[];
declare const PAGE_STAMP: string;

/** What is used of the scope of service workers, whose types contradict those of pages. */
interface Scope {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}
interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;
const kept = `pevm-${PAGE_STAMP}`;

scope.addEventListener('install', (event) => {
  const keep = caches.open(kept).then((cache) => cache.addAll([...PAGE_FILES, './']));
  event.waitUntil(keep.then(() => scope.skipWaiting()));
});

scope.addEventListener('activate', (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith('pevm-') && name !== kept));
  const clean = old.then((names) => Promise.all(names.map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => scope.clients.claim()));
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  // Nodes that the visitor names are none of our business.
  if (request.method !== 'GET' || new URL(request.url).origin !== scope.location.origin) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const found = await (await caches.open(kept)).match(request, { ignoreSearch: true });
  const response = found ?? (await fetch(request));
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
