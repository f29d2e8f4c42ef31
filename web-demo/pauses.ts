// How long the page's own thread was busy at most: what a visitor would have waited for an answer to a click.

const EVERY_MS = 10;

/** Watches from now on; the function that it returns ends that, and gives the longest wait in milliseconds. */
export function watchPauses(): () => number {
  let longest = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - before - EVERY_MS);
    before = now;
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

/** Lets the page draw, and answer whatever has come. */
export function pageTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
