// Errands: what a module does on a state that stays, order by order, each worker on a copy of its own. Orders do not meet; those
// of a worker that is lost are given to others.

import { InputError, messageOf, WorkerError } from '../base/errors.ts';
import { unpackError } from '../base/unpacked-error.ts';
import { Grace } from './grace.ts';
import type { ErrandHooks, ErrandPlace } from './messages.ts';
import { precompilesOf } from './modules.ts';
import type { Post } from './pool.ts';
import type { ErrandRequest } from './runner.ts';
import type { CrewSource } from './shared-crew.ts';
import { MAX_DEATHS } from './worker-handle.ts';

interface Order {
  readonly at: number;
  readonly order: unknown;
  deaths: number;
}

export class Errands {
  readonly #source: CrewSource;
  readonly #request: ErrandRequest;
  readonly #waiting: Order[];
  readonly #grace = new Grace();
  readonly #hooks: ErrandHooks;
  #posts: readonly Post[] = [];
  #cancelled: { readonly reason: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: CrewSource, request: ErrandRequest) {
    this.#source = source;
    this.#request = request;
    this.#waiting = request.orders.map((order, at) => ({ at, order, deaths: 0 }));
    this.#hooks = { load: request.load, precompiles: () => precompilesOf(request) };
  }

  /** Settles when nobody is busy any more. @throws what a worker or an order has thrown, WorkerError */
  async run(): Promise<void> {
    const { pool, workers } = this.#source;
    this.#posts = await pool.take(Math.min(workers, this.#waiting.length), () => this.#isOver);
    try {
      const place = await this.#place();
      await Promise.all(this.#posts.map((post, seat) => this.#serve(post, seat + 1, place)));
    } finally {
      this.#grace.over();
      pool.release(this.#posts);
    }
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Gives no more orders; whoever does not end its own is ended. */
  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#grace.begin((why) => {
      for (const { handle } of this.#posts) handle.terminate(why);
    });
  }

  async #place(): Promise<ErrandPlace> {
    const { residence, traced, url, opening } = this.#request;
    const { lease } = await residence.home();
    if (lease === undefined) throw new TypeError('workers share memories');
    return {
      ...{ core: lease.core, highestWorker: this.#source.need.highestWorker, opening },
      ...{ traced: await traced(), url: await url() },
    };
  }

  get #isOver(): boolean {
    return this.#cancelled !== undefined || this.#failure !== undefined;
  }

  /** Orders until there are none, by the worker on a post and those who replace it. */
  async #serve(post: Post, seat: number, place: ErrandPlace): Promise<void> {
    let lost = 0;
    while (this.#waiting.length > 0 && !this.#isOver) {
      let current: Order | undefined;
      try {
        if (post.handle.over) await this.#replace(post, seat);
        this.#taken(await post.handle.openErrands(place, this.#hooks));
        while (!this.#isOver) {
          current = this.#waiting.shift();
          if (current === undefined) break;
          const answer = this.#taken(await post.handle.runErrand(current.order));
          if (!this.#isOver) this.#request.take(current.at, answer);
        }
        post.handle.tell((remote) => remote.closeErrands());
      } catch (error) {
        if (!post.handle.over) {
          const isPacked = !(error instanceof DOMException);
          this.#failure ??= {
            error: isPacked ? error : new InputError('options', `cannot be sent to workers: ${messageOf(error)}`),
          };
          post.handle.tell((remote) => remote.closeErrands());
          return;
        }
        this.#bury(post, seat, current);
        // In series, without an order that could be to blame: nobody can copy the state.
        lost = current === undefined ? lost + 1 : 0;
        if (lost === MAX_DEATHS) this.#failure ??= { error };
      }
    }
  }

  #taken(reply: Awaited<ReturnType<Post['handle']['runErrand']>>): unknown {
    if ('error' in reply) throw unpackError(reply.error);
    return reply.answer;
  }

  async #replace(post: Post, seat: number): Promise<void> {
    this.#mourn(post, seat);
    await this.#source.pool.replace(post, () => this.#isOver);
    this.#source.events.replaced(seat, seat);
  }

  #bury(post: Post, seat: number, order: Order | undefined): void {
    this.#mourn(post, seat);
    if (order === undefined) return;
    order.deaths++;
    if (order.deaths < MAX_DEATHS) {
      this.#waiting.unshift(order);
      return;
    }
    const details = post.handle.lostReason;
    this.#failure ??= { error: new WorkerError(`an order's worker was lost ${order.deaths} times`, { details }) };
  }

  #mourn(post: Post, seat: number): void {
    if (post.isMourned) return;
    post.mourn();
    this.#source.events.lost(seat, post.handle.lostReason);
  }
}
