// Whose turn it is: what is to be done one after the other, of the engine itself and of each of its worlds.

export class Turns {
  /** Settles when the last turn that was taken is over. */
  #tail: Promise<unknown> = Promise.resolve();

  /** Lets `body` run when everything before it is over, however that ends. */
  take<R>(body: () => Promise<R>): Promise<R> {
    const turn = this.#tail.then(body);
    this.#tail = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  /** Settles when all turns that were taken so far are over. */
  async over(): Promise<void> {
    await this.#tail;
  }
}
