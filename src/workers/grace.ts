// The time that workers have to notice a cancellation, or the end of a block, before they are ended.

const GRACE_MS = 1000;

export class Grace {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** From now on; `end` is called when the time is up. */
  begin(end: (reason: string) => void, what = 'the cancellation'): void {
    this.#timer ??= setTimeout(() => end(`it did not notice ${what}`), GRACE_MS);
  }

  /** Nobody is busy any more. */
  over(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
