// Asks for a service worker, which keeps the page for when there is no network, and isolates it where the host does not.

declare const PAGE_IS_BUILT: boolean;

/** Isolation takes one more load of the page; only one, should it not help. */
const TRIED = 'pevm-isolation-tried';
const WAIT_MS = 10_000;

/** Whether the page is about to be loaded again. */
export async function ensureIsolation(): Promise<boolean> {
  if (!('serviceWorker' in navigator) || !PAGE_IS_BUILT) return false;
  try {
    await navigator.serviceWorker.register(new URL('service-worker.js', document.baseURI));
    if (crossOriginIsolated || sessionStorage.getItem(TRIED) !== null) return false;
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS));
    // Where it is never ready the page goes on as it is.
    if ((await Promise.race([navigator.serviceWorker.ready, late])) === undefined) return false;
  } catch {
    // Private windows and odd hosts refuse it: everything but isolation and offline works without.
    return false;
  }
  sessionStorage.setItem(TRIED, 'yes');
  location.reload();
  return true;
}
